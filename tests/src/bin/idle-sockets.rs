//! `idle-sockets URL COUNT` opens sockets, prints how long that took, in
//! microseconds, and holds them until it is killed. It ends as soon as one of
//! them can't be opened, ends or gets anything: idle sockets do neither.

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use futures::stream::{self, FuturesUnordered};
use futures::{StreamExt, TryStreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use wschat_tests::open_files;

/// Handshakes at once: fewer than wait for a listener to accept them.
const HANDSHAKES: usize = 64;
/// The buffers of a socket, in bytes: nothing is to be read.
const BUFFER: usize = 1024;
/// Files that are open beside sockets, and more.
const OTHER_FILES: u64 = 64;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let error = match run().await {
        Ok(never) => match never {},
        Err(error) => error,
    };
    eprintln!("idle-sockets: {error}");
    ExitCode::FAILURE
}

async fn run() -> Result<std::convert::Infallible, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, count] = arguments.as_slice() else {
        return Err("usage: idle-sockets URL COUNT".into());
    };
    let count: u32 = count.parse()?;
    open_files::allow(OTHER_FILES + u64::from(count))?;
    let start = Instant::now();
    let sockets: Vec<Socket> = stream::iter(0..count)
        .map(|_| open(url))
        .buffer_unordered(HANDSHAKES)
        .try_collect()
        .await?;
    println!("{}", start.elapsed().as_micros());
    let heard = |mut socket: Socket| async move { socket.next().await };
    let mut all: FuturesUnordered<_> = sockets.into_iter().map(heard).collect();
    match all.next().await {
        Some(Some(heard)) => Err(format!("a socket that should be idle got {heard:?}").into()),
        Some(None) | None => Err("a socket has ended".into()),
    }
}

async fn open(url: &str) -> Result<Socket, Box<dyn Error>> {
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER);
    let (socket, _) = connect_async_with_config(url, Some(config), true).await?;
    Ok(socket)
}
