//! An open socket: frames in, frames out, limits, and the end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

use super::broken::{Judged, judged};
use super::call::MESSAGE_BYTES;
use super::connection::{Connection, Outgoing};
use super::event::Incoming;
use super::spec::WebSocketItem;
use super::{Gateway, Gateways};
use crate::inspect::Verdict;
use crate::traffic::Seen;

/// The largest frame of a client (32 KB, documented).
const FRAME_BYTES: usize = 32 * 1024;
/// Kept per socket, and there may be many sockets.
const BUFFER_BYTES: usize = 4 * 1024;
/// Messages that wait for the function before the socket isn't read any more.
const WAITING: usize = 64;
/// How long a client may leave a frame unread.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// How long a client may take to answer a close.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// What a connection without a close frame ends with.
const ABNORMAL: u16 = 1006;
/// What a close frame without a code stands for.
const NO_CODE: u16 = 1005;

type Stream = WebSocketStream<TokioIo<Upgraded>>;

/// How a connection ended.
#[derive(Debug)]
pub(super) struct End {
    pub(super) status: u16,
    pub(super) reason: String,
    /// Whether the client has to be told.
    ours: bool,
}

impl End {
    fn ours(code: impl Into<u16>) -> Self {
        Self {
            status: code.into(),
            reason: String::new(),
            ours: true,
        }
    }

    fn cut() -> Self {
        Self {
            status: ABNORMAL,
            reason: String::new(),
            ours: false,
        }
    }

    fn theirs(frame: Option<CloseFrame>) -> Self {
        let (status, reason) = frame.map_or((NO_CODE, String::new()), |frame| {
            (frame.code.into(), frame.reason.to_string())
        });
        Self {
            status,
            reason,
            ours: false,
        }
    }

    fn of_error(error: &tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Capacity(CapacityError::MessageTooLong { .. }) => {
                Self::ours(CloseCode::Size)
            }
            tungstenite::Error::Utf8(_) => Self::ours(CloseCode::Invalid),
            tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                Self::cut()
            }
            tungstenite::Error::Protocol(_) => Self::ours(CloseCode::Protocol),
            _ => Self::cut(),
        }
    }
}

/// A socket whose CONNECT was answered.
pub(super) struct Socket {
    pub(super) gateways: Gateways,
    pub(super) gateway: Arc<Gateway>,
    /// Those of when it opened.
    pub(super) operations: WebSocketItem,
    pub(super) connection: Arc<Connection>,
    pub(super) incoming: Incoming,
}

impl Socket {
    /// Serves the socket to its end, and tells the function of it: messages
    /// that came before are still handled, in order.
    pub(super) async fn run(self, upgraded: Option<Upgraded>, queue: mpsc::Receiver<Outgoing>) {
        let (inbox, waiting) = mpsc::channel(WAITING);
        let serving = async {
            let end = match upgraded {
                Some(upgraded) => self.serve(upgraded, queue, inbox).await,
                None => End::cut(),
            };
            self.gateways.0.connections.remove(&self.connection);
            end
        };
        let (end, ()) = tokio::join!(serving, self.handle_messages(waiting));
        self.gateways.0.traffic.saw(Seen::Closed {
            connection_id: self.connection.id.clone(),
            status: end.status,
        });
        self.tell_disconnect(&end).await;
    }

    async fn serve(
        &self,
        upgraded: Upgraded,
        mut queue: mpsc::Receiver<Outgoing>,
        inbox: mpsc::Sender<Message>,
    ) -> End {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(MESSAGE_BYTES))
            .max_frame_size(Some(FRAME_BYTES));
        let io = TokioIo::new(upgraded);
        let mut stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        let end = self.exchange(&mut stream, &mut queue, inbox).await;
        // Closed before the client is, so that nobody sends into nowhere.
        queue.close();
        self.gateways.0.connections.remove(&self.connection);
        if end.ours {
            let closing = close(stream, end.status);
            if tokio::time::timeout(CLOSE_LIMIT, closing).await.is_err() {
                tracing::debug!(
                    connection = self.connection.id,
                    "the client didn't answer a close"
                );
            }
        }
        end
    }

    /// Frames in and out until the connection ends. Time is the emulated
    /// clock's.
    async fn exchange(
        &self,
        stream: &mut Stream,
        queue: &mut mpsc::Receiver<Outgoing>,
        inbox: mpsc::Sender<Message>,
    ) -> End {
        let settings = &self.gateways.0.settings;
        let clock = self.gateways.iam().clock();
        let over = after(clock.now(), settings.lifetime);
        let mut idle = after(clock.now(), settings.idle_limit);
        let mut alarm = pin!(clock.reaches(idle.min(over)));
        let mut held: Option<Judged<'_>> = None;
        loop {
            let has_room = inbox.capacity() > 0;
            tokio::select! {
                () = self.connection.too_slow.cancelled() => return End::cut(),
                () = self.gateway.stop.cancelled() => return End::ours(CloseCode::Away),
                incoming = stream.next(), if has_room => {
                    match self.received(stream, incoming, &inbox).await {
                        Some(end) => return end,
                        None => idle = after(clock.now(), settings.idle_limit),
                    }
                }
                _permit = inbox.reserve(), if !has_room => {}
                outgoing = queue.recv(), if held.is_none() => {
                    let Some(outgoing) = outgoing else { return End::cut() };
                    if self.gateways.judges_frames() {
                        held = Some(Box::pin(self.gateways.judge(&self.connection, outgoing)));
                    } else if let Some(end) = self.write(stream, outgoing, Some(&mut *queue)).await {
                        return end;
                    }
                }
                (outgoing, verdict) = judged(&mut held) => {
                    held = None;
                    if let Some(end) = self.write_judged(stream, outgoing, verdict).await {
                        return end;
                    }
                }
                () = alarm.as_mut() => {
                    let now = clock.now();
                    if now >= idle || now >= over {
                        return End::ours(CloseCode::Away);
                    }
                    alarm.set(clock.reaches(idle.min(over)));
                }
            }
        }
    }

    /// Takes one frame; the end, if it is one.
    async fn received(
        &self,
        stream: &mut Stream,
        incoming: Option<Result<Message, tungstenite::Error>>,
        inbox: &mpsc::Sender<Message>,
    ) -> Option<End> {
        match incoming {
            None => return Some(End::cut()),
            Some(Err(error)) => return Some(End::of_error(&error)),
            Some(Ok(Message::Close(frame))) => {
                // The library has its answer ready; flushing ends the stream.
                let _ = tokio::time::timeout(CLOSE_LIMIT, stream.flush()).await;
                return Some(End::theirs(frame));
            }
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                // There is room, and the handler ends after this sender.
                if let Err(error) = inbox.try_send(message) {
                    tracing::warn!(%error, "a message is lost");
                }
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
        }
        self.connection.touch(self.gateways.iam().clock().now());
        None
    }

    /// Writes a frame as a fault rule wants it.
    async fn write_judged(
        &self,
        stream: &mut Stream,
        outgoing: Outgoing,
        verdict: Verdict,
    ) -> Option<End> {
        match verdict {
            Verdict::Drop => return None,
            Verdict::Cut => return Some(End::cut()),
            Verdict::Close(code) => return Some(End::ours(code)),
            Verdict::Duplicate => {
                let end = self.write(stream, outgoing.clone(), None).await;
                if end.is_some() {
                    return end;
                }
            }
            _ => {}
        }
        self.write(stream, outgoing, None).await
    }

    /// Writes this and what is queued behind it; the end, if it can't or if
    /// that is queued.
    async fn write(
        &self,
        stream: &mut Stream,
        first: Outgoing,
        mut queue: Option<&mut mpsc::Receiver<Outgoing>>,
    ) -> Option<End> {
        let writing = async {
            let mut next = Some(first);
            while let Some(outgoing) = next {
                let message = match outgoing {
                    Outgoing::Text(text) => Message::Text(text),
                    Outgoing::Binary(bytes) => Message::Binary(bytes),
                    Outgoing::Close(code) => return Ok(Some(End::ours(code))),
                };
                stream.feed(message).await?;
                next = queue.as_mut().and_then(|queue| queue.try_recv().ok());
            }
            stream.flush().await?;
            Ok::<_, tungstenite::Error>(None)
        };
        tokio::select! {
            () = self.connection.too_slow.cancelled() => Some(End::cut()),
            () = self.gateway.stop.cancelled() => Some(End::ours(CloseCode::Away)),
            written = tokio::time::timeout(WRITE_LIMIT, writing) => match written {
                Ok(Ok(end)) => end,
                Ok(Err(_)) | Err(_) => Some(End::cut()),
            },
        }
    }
}

/// A time that much later.
fn after(now: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Says goodbye and waits until the client has gone: ending the connection
/// with unread data would take the close frame from it.
async fn close(mut stream: Stream, code: u16) {
    let reason = tungstenite::Utf8Bytes::from_static("");
    let frame = CloseFrame {
        code: CloseCode::from(code),
        reason,
    };
    if stream.send(Message::Close(Some(frame))).await.is_err() {
        return;
    }
    let mut io = stream.into_inner();
    if io.shutdown().await.is_ok() {
        // What a client still sends doesn't matter.
        let _ = tokio::io::copy(&mut io, &mut tokio::io::sink()).await;
    }
}
