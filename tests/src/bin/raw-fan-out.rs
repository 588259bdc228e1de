//! `raw-fan-out` is the least that a server of WebSocket rooms can be on the
//! emulator's runtime: every frame of a client goes to all of them, itself
//! included, as it came. It prints its address and serves until it is killed.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};
use wschat_tests::open_files;

/// As the emulator's, in bytes.
const BUFFER: usize = 4 * 1024;
/// Frames that may wait for a client, as the emulator's.
const QUEUE: usize = 1024;

/// Everybody, by number.
#[derive(Clone, Default)]
struct Room(Arc<Mutex<HashMap<u64, mpsc::Sender<Message>>>>);

impl Room {
    fn members(&self) -> MutexGuard<'_, HashMap<u64, mpsc::Sender<Message>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, message: &Message) {
        for member in self.members().values() {
            if let Err(error) = member.try_send(message.clone()) {
                eprintln!("raw-fan-out: a frame is lost: {error}");
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    open_files::allow(0)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let room = Room::default();
    for number in 0.. {
        let (stream, _) = listener.accept().await?;
        let room = room.clone();
        tokio::spawn(async move {
            // Clients end as they like.
            let _ = serve(number, stream, &room).await;
            room.members().remove(&number);
        });
    }
    Ok(())
}

async fn serve(number: u64, stream: TcpStream, room: &Room) -> Result<(), tungstenite::Error> {
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER);
    // Before the handshake ends: who is in sees everything.
    let (sender, mut queue) = mpsc::channel(QUEUE);
    room.members().insert(number, sender);
    let mut socket: WebSocketStream<TcpStream> =
        accept_async_with_config(stream, Some(config)).await?;
    loop {
        tokio::select! {
            frame = socket.next() => match frame {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => room.tell(&message),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_))) | None => return Ok(()),
                Some(Err(error)) => return Err(error),
            },
            Some(message) = queue.recv() => socket.send(message).await?,
        }
    }
}
