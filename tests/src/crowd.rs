//! Many chat participants in one process of their own (the programs `crowd` and
//! `idle-sockets`), so that nothing of theirs is counted with what is measured.
//! What they are to do is told as JSON, and so is what they saw.

pub mod fan_out;
pub mod load;
mod seen;

use std::time::Duration;

use futures::stream::{self, SplitSink, SplitStream};
use futures::{StreamExt, TryStreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::measure::processes::ProcessesError;
use crate::open_files::{self, OpenFilesError};

/// Handshakes at once: fewer than wait for a listener to accept them.
const HANDSHAKES: usize = 64;
/// The buffers of a socket, in bytes: several messages of people.
const BUFFER: usize = 2048;
/// Files that are open beside sockets, and more.
const OTHER_FILES: u64 = 64;

/// An open socket.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where a socket is written to.
type Writing = SplitSink<Socket, Message>;
/// Where a socket is read from.
type Reading = SplitStream<Socket>;

/// The crowd couldn't do its part, or saw what must not be.
#[derive(Debug, thiserror::Error)]
pub enum CrowdError {
    /// Every socket is an open file.
    #[error(transparent)]
    OpenFiles(#[from] OpenFilesError),
    /// A socket could not be opened, written to or read.
    #[error("a socket failed: {0}")]
    Socket(#[from] Box<tungstenite::Error>),
    /// A socket ended.
    #[error("socket {socket} ended: {end}")]
    Ended {
        /// Which one, from 0.
        socket: usize,
        /// What came last.
        end: String,
    },
    /// Something came that nobody sent, or twice, or too early.
    #[error("socket {socket}: {what}")]
    Wrong {
        /// Which one, from 0.
        socket: usize,
        /// What is wrong.
        what: String,
    },
    /// Not every socket got a message.
    #[error("message {message}: {arrived} of {sockets} sockets got it within {limit:?}")]
    Missing {
        /// Its number.
        message: usize,
        /// How many got it.
        arrived: usize,
        /// How many there are.
        sockets: usize,
        /// How long they had.
        limit: Duration,
    },
    /// The measured process could not be looked at.
    #[error(transparent)]
    Processes(#[from] ProcessesError),
}

impl From<tungstenite::Error> for CrowdError {
    fn from(error: tungstenite::Error) -> Self {
        Self::Socket(Box::new(error))
    }
}

/// Lets this process have so many sockets.
pub fn allow(sockets: usize) -> Result<(), CrowdError> {
    let sockets = u64::try_from(sockets).unwrap_or(u64::MAX);
    Ok(open_files::allow(OTHER_FILES.saturating_add(sockets))?)
}

/// Opens a socket for each URL, in any order.
pub async fn open(urls: impl IntoIterator<Item = String>) -> Result<Vec<Socket>, CrowdError> {
    let opened = stream::iter(urls).map(|url| async move {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER);
        let (socket, _) = connect_async_with_config(url, Some(config), true).await?;
        Ok::<_, CrowdError>(socket)
    });
    opened.buffered(HANDSHAKES).try_collect().await
}

/// The next text of a socket.
async fn next_text(socket: usize, reading: &mut Reading) -> Result<Utf8Bytes, CrowdError> {
    loop {
        match reading.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            end => {
                let end = format!("{end:?}");
                return Err(CrowdError::Ended { socket, end });
            }
        }
    }
}
