//! A client's socket that notes all that is said on it.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::{self, Message as WebSocketMessage};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use wschat_tests::chaos::frame::Frame;
use wschat_tests::chaos::history::{Happened, Socket};
use wschat_tests::chaos::message::Message;

use crate::recorder::Recorder;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long a client waits for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(20);
const CONNECTION_ID: &str = "x-yc-apigateway-websocket-connection-id";

/// An open socket, or one that was.
pub(crate) struct Live {
    number: Socket,
    /// The gateway's id of it.
    pub(crate) connection: String,
    recorder: Recorder,
    sink: SplitSink<Stream, WebSocketMessage>,
    answers: mpsc::UnboundedReceiver<Arc<Message>>,
    last: watch::Receiver<Option<Arc<Message>>>,
    reader: JoinHandle<()>,
}

/// What came of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// As it should be.
    Good,
    /// The connection isn't registered.
    NotConnected,
    /// The chat can't tell whether it took it, or its function failed.
    Unknown,
    /// Nothing in time.
    Nothing,
    /// The socket is gone.
    Gone,
}

impl Live {
    /// Opens a socket, if the chat lets it.
    pub(crate) async fn open(recorder: &Recorder, url: &str, user: &str) -> Result<Self, String> {
        let number = recorder.socket();
        recorder.note(Happened::Knocked {
            socket: number,
            user: user.to_owned(),
        });
        let handshake = connect_async(format!("{url}?user_id={user}"));
        let (stream, response) = match timeout(HANDSHAKE, handshake).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(tungstenite::Error::Http(answer))) => {
                let status = answer.status().as_u16();
                recorder.note(Happened::Refused {
                    socket: number,
                    status,
                });
                return Err(format!("refused with {status}"));
            }
            unanswered => {
                recorder.note(Happened::Unanswered { socket: number });
                return Err(match unanswered {
                    Ok(Err(error)) => error.to_string(),
                    _ => format!("no answer within {HANDSHAKE:?}"),
                });
            }
        };
        let connection = response.headers().get(CONNECTION_ID);
        let connection = connection.and_then(|id| id.to_str().ok());
        let connection = connection.unwrap_or_default().to_owned();
        recorder.note(Happened::Opened {
            socket: number,
            connection: connection.clone(),
        });
        let (sink, stream) = stream.split();
        let (answered, answers) = mpsc::unbounded_channel();
        let (told, last) = watch::channel(None);
        let reading = read(stream, recorder.clone(), number, answered, told);
        Ok(Self {
            number,
            connection,
            recorder: recorder.clone(),
            sink,
            answers,
            last,
            reader: tokio::spawn(reading),
        })
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.reader.is_finished()
    }

    /// Waits until the other side has ended it; false when it didn't in time.
    pub(crate) async fn ends_within(&mut self, limit: Duration) -> bool {
        timeout(limit, &mut self.reader).await.is_ok()
    }

    /// Waits until it has heard this record, or is gone; false when neither
    /// came about in time.
    pub(crate) async fn hears(&mut self, record: &Message, limit: Duration) -> bool {
        let heard = self.last.wait_for(|last| last.as_deref() == Some(record));
        timeout(limit, heard).await.is_ok()
    }

    /// Says it and waits for the answer.
    pub(crate) async fn ask(&mut self, frame: &Frame, patience: Duration) -> Answer {
        self.recorder.note(Happened::Said {
            socket: self.number,
            frame: frame.clone(),
        });
        let text = WebSocketMessage::text(frame.text());
        if self.sink.send(text).await.is_err() {
            return Answer::Gone;
        }
        let deadline = Instant::now() + patience;
        loop {
            let message = match timeout_at(deadline, self.answers.recv()).await {
                Ok(Some(message)) => message,
                Ok(None) => return Answer::Gone,
                Err(_) => return Answer::Nothing,
            };
            if let Some(answer) = read_answer(&message, frame) {
                return answer;
            }
        }
    }

    /// The network is gone.
    pub(crate) async fn cut(mut self) {
        self.leave().await;
    }

    /// Goes as WebSocket wants it.
    pub(crate) async fn close(mut self) {
        self.leave().await;
        // The other side may be gone as well.
        let _ = self.sink.send(WebSocketMessage::Close(None)).await;
    }

    /// Stops listening. What is noted after this is nobody's.
    async fn leave(&mut self) {
        if !self.is_open() {
            return;
        }
        self.reader.abort();
        // It may have ended by itself at this moment, and has noted that then.
        if (&mut self.reader).await.is_err() {
            self.recorder.note(Happened::Left {
                socket: self.number,
            });
        }
    }

    /// The function isn't to learn of this socket's end.
    pub(crate) fn forget(&self) {
        self.recorder.note(Happened::Forgotten {
            socket: self.number,
        });
    }
}

/// What a message says to a frame; none when it is about something else.
fn read_answer(message: &Message, frame: &Frame) -> Option<Answer> {
    if message.is_failure() {
        return Some(Answer::Unknown);
    }
    let same = message.id.as_deref() == frame.id();
    let about = same && message.original_type.as_deref() == frame.kind();
    match (message.kind.as_str(), message.code.as_deref()) {
        ("ACK", _) if about => Some(Answer::Good),
        ("PONG", _) if same && matches!(frame, Frame::Ping { .. }) => Some(Answer::Good),
        ("ERROR", Some("NOT_CONNECTED")) if about => Some(Answer::NotConnected),
        ("ERROR", Some("UNAVAILABLE")) if about => Some(Answer::Unknown),
        ("ERROR", Some(code)) => match frame {
            Frame::Odd(odd) if odd.code() == code => Some(Answer::Good),
            _ => None,
        },
        _ => None,
    }
}

async fn read(
    mut stream: SplitStream<Stream>,
    recorder: Recorder,
    socket: Socket,
    answered: mpsc::UnboundedSender<Arc<Message>>,
    told: watch::Sender<Option<Arc<Message>>>,
) {
    while let Some(Ok(frame)) = stream.next().await {
        let text = match &frame {
            WebSocketMessage::Text(text) => text.as_str(),
            WebSocketMessage::Binary(_) => "a binary frame",
            WebSocketMessage::Close(_) => break,
            _ => continue,
        };
        for message in recorder.messages(text) {
            recorder.note(Happened::Heard {
                socket,
                message: Arc::clone(&message),
            });
            if message.is_for_all() {
                told.send_replace(Some(message));
            } else {
                // Nobody may wait for an answer at this moment.
                let _ = answered.send(message);
            }
        }
    }
    recorder.note(Happened::Ended { socket });
}
