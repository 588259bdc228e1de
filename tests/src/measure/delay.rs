//! A way to a server that takes time, as one through a network does: what is
//! sent passes on after so long, in both directions. Round trips can be counted
//! by it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// A listener on loopback that passes on what it gets, late. Dropping it cuts
/// all its connections.
#[derive(Debug)]
pub struct Delay {
    address: SocketAddr,
    _connections: JoinSet<()>,
}

impl Delay {
    /// Listens on a free port; `one_way` is how late everything is. Connections
    /// themselves are made at once.
    pub async fn start(server: SocketAddr, one_way: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                open.spawn(connection(client, server, one_way));
            }
        });
        Ok(Self {
            address,
            _connections: connections,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Ends when either side does; what is wrong with a socket its ends notice.
async fn connection(client: TcpStream, server: SocketAddr, one_way: Duration) {
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pass(from_client, to_server, one_way) => {}
        () = pass(from_server, to_client, one_way) => {}
    }
}

/// Reads on while earlier bytes still wait, so that a delay is no limit to how
/// much passes.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    one_way: Duration,
) {
    let (queue, mut due) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        let mut bytes = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            let at = Instant::now() + one_way;
            if queue.send((at, bytes[..count].to_vec())).is_err() {
                return;
            }
        }
    };
    let write = async {
        while let Some((at, bytes)) = due.recv().await {
            sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_sent_comes_whole_and_not_before_its_time() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let one_way = Duration::from_millis(20);
        let delay = Delay::start(server.local_addr().unwrap(), one_way)
            .await
            .unwrap();
        let mut client = TcpStream::connect(delay.address()).await.unwrap();
        let (mut accepted, _) = server.accept().await.unwrap();
        let sent = Instant::now();
        client.write_all(b"there").await.unwrap();
        let mut bytes = [0; 5];
        accepted.read_exact(&mut bytes).await.unwrap();
        accepted.write_all(&bytes).await.unwrap();
        client.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"there");
        assert!(sent.elapsed() >= one_way * 2);
        drop(delay);
        assert_eq!(client.read(&mut bytes).await.unwrap_or(0), 0);
    }
}
