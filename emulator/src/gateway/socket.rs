//! An open socket: frames in, frames out, limits, and the end.

use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

use super::call::{failure_frame, frame};
use super::connection::{Connection, Outgoing};
use super::event::{Handshake, Kind};
use super::spec::PathItem;
use super::{Gateway, Gateways};

/// The largest message (documented limit of gateways).
const MESSAGE_BYTES: usize = 128 * 1024;
/// The largest frame (documented limit of gateways).
const FRAME_BYTES: usize = 32 * 1024;
/// A connection's life (documented limit of gateways).
const LIFETIME: Duration = Duration::from_mins(60);
/// Without messages or pings from the client (documented limit of gateways).
const IDLE: Duration = Duration::from_mins(10);
/// Messages that wait for the function.
const WAITING: usize = 64;
/// What a connection without a close frame ends with.
const ABNORMAL: u16 = 1006;

type Stream = WebSocketStream<TokioIo<Upgraded>>;

/// How a connection ended.
struct End {
    status: u16,
    reason: String,
}

impl End {
    fn new(status: u16, reason: &str) -> Self {
        Self {
            status,
            reason: reason.to_owned(),
        }
    }
}

/// A socket whose CONNECT was answered.
pub(super) struct Socket {
    pub(super) gateways: Gateways,
    pub(super) gateway: Arc<Gateway>,
    pub(super) item: PathItem,
    pub(super) connection: Arc<Connection>,
    pub(super) handshake: Handshake,
}

impl Socket {
    /// Serves the socket to its end, and tells the function of it.
    pub(super) async fn run(self, upgraded: Option<Upgraded>, queue: mpsc::Receiver<Outgoing>) {
        let end = match upgraded {
            Some(upgraded) => {
                let config = WebSocketConfig::default()
                    .max_message_size(Some(MESSAGE_BYTES))
                    .max_frame_size(Some(FRAME_BYTES));
                let io = TokioIo::new(upgraded);
                let stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config));
                self.exchange(stream.await, queue).await
            }
            None => End::new(ABNORMAL, ""),
        };
        self.gateways.open().remove(&self.connection.id);
        self.disconnected(&end).await;
    }

    async fn exchange(&self, mut stream: Stream, queue: mpsc::Receiver<Outgoing>) -> End {
        let (messages, waiting) = mpsc::channel(WAITING);
        let work = self.work(waiting);
        let serve = async {
            let end = self.pump(&mut stream, queue, messages).await;
            if let Some(code) = closing_code(&end) {
                let reason = end.reason.clone().into();
                let frame = Message::Close(Some(CloseFrame { code, reason }));
                drop(stream.send(frame).await);
            }
            end
        };
        // Messages that came before the end are still handled.
        let (end, ()) = tokio::join!(serve, work);
        end
    }

    /// Frames in and out until the connection ends.
    async fn pump(
        &self,
        stream: &mut Stream,
        mut queue: mpsc::Receiver<Outgoing>,
        messages: mpsc::Sender<Message>,
    ) -> End {
        let over = Instant::now() + LIFETIME;
        let mut idle = Instant::now() + IDLE;
        loop {
            tokio::select! {
                incoming = stream.next() => {
                    match incoming {
                        None => return End::new(ABNORMAL, ""),
                        Some(Err(error)) => return failed(&error),
                        Some(Ok(Message::Close(frame))) => return closed(stream, frame).await,
                        Some(Ok(message)) => {
                            idle = Instant::now() + IDLE;
                            self.connection.touch();
                            let is_data = message.is_text() || message.is_binary();
                            if is_data && messages.send(message).await.is_err() {
                                return End::new(ABNORMAL, "");
                            }
                        }
                    }
                }
                outgoing = queue.recv() => {
                    let message = match outgoing {
                        Some(Outgoing::Text(text)) => Message::Text(text),
                        Some(Outgoing::Binary(bytes)) => Message::Binary(bytes),
                        Some(Outgoing::Close) | None => return End::new(1000, ""),
                    };
                    if stream.send(message).await.is_err() {
                        return End::new(ABNORMAL, "");
                    }
                }
                () = tokio::time::sleep_until(idle) => return End::new(1001, "idle"),
                () = tokio::time::sleep_until(over) => return End::new(1001, "lifetime"),
                () = self.connection.too_slow.cancelled() => return End::new(ABNORMAL, ""),
                () = self.gateway.stop.cancelled() => return End::new(1001, "gateway is gone"),
            }
        }
    }

    /// Calls the function for each message, in order.
    async fn work(&self, mut waiting: mpsc::Receiver<Message>) {
        let Some(operation) = &self.item.message else {
            return;
        };
        while let Some(message) = waiting.recv().await {
            let kind = Kind::Message(&message);
            let answered = self
                .gateways
                .answer(operation, &self.connection, &self.handshake, &kind)
                .await;
            let outgoing = match answered {
                Ok(reply) => frame(reply),
                Err(error) => {
                    tracing::warn!(%error, "MESSAGE failed");
                    Some(failure_frame(&error))
                }
            };
            if let Some(outgoing) = outgoing {
                self.connection.send(outgoing);
            }
        }
    }

    async fn disconnected(&self, end: &End) {
        let Some(operation) = &self.item.disconnect else {
            return;
        };
        let kind = Kind::Disconnect {
            status: end.status,
            reason: &end.reason,
        };
        let answered = self
            .gateways
            .answer(operation, &self.connection, &self.handshake, &kind)
            .await;
        if let Err(error) = answered {
            tracing::warn!(%error, "DISCONNECT failed");
        }
    }
}

/// The client said goodbye; the library has answered it, once it is flushed.
async fn closed(stream: &mut Stream, frame: Option<CloseFrame>) -> End {
    drop(stream.flush().await);
    match frame {
        Some(frame) => End::new(frame.code.into(), &frame.reason),
        None => End::new(1005, ""),
    }
}

fn failed(error: &tungstenite::Error) -> End {
    match error {
        tungstenite::Error::Capacity(
            CapacityError::MessageTooLong { .. } | CapacityError::TooManyHeaders,
        ) => End::new(CloseCode::Size.into(), "the message is too big"),
        tungstenite::Error::Utf8(_) => End::new(CloseCode::Invalid.into(), "text must be UTF-8"),
        tungstenite::Error::Protocol(
            tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        ) => End::new(ABNORMAL, ""),
        tungstenite::Error::Protocol(_) => End::new(CloseCode::Protocol.into(), "protocol error"),
        _ => End::new(ABNORMAL, ""),
    }
}

/// The code that the client is sent; none when it is gone or has closed itself.
fn closing_code(end: &End) -> Option<CloseCode> {
    match end.status {
        1005 | ABNORMAL => None,
        code => Some(CloseCode::from(code)),
    }
}
