//! A chat participant that sends and expects raw JSON, so that tests see what
//! is on the wire and not what a client library makes of it.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};

const CONNECT_LIMIT: Duration = Duration::from_secs(20);

/// The socket did not behave as the test expects.
#[derive(Debug, thiserror::Error)]
pub enum ChatSocketError {
    /// No upgrade: the gateway's HTTP status.
    #[error("{url}: refused with HTTP status {status}: {body}")]
    Refused {
        /// Where.
        url: String,
        /// HTTP status.
        status: u16,
        /// What it says.
        body: String,
    },
    /// No connection.
    #[error("{url}: {source}")]
    Connect {
        /// Where.
        url: String,
        /// What went wrong.
        source: Box<tungstenite::Error>,
    },
    /// No answer to the connect.
    #[error("{url}: no answer within {CONNECT_LIMIT:?}")]
    Late {
        /// Where.
        url: String,
    },
    /// The certificates to trust are none.
    #[error("bad certificate authority: {0}")]
    Authority(String),
    /// A message could not be sent.
    #[error("cannot send: {0}")]
    Send(Box<tungstenite::Error>),
    /// It did not come in time.
    #[error("no {what} within {limit:?}; received since the last match: {seen}")]
    Missing {
        /// What the test waited for.
        what: String,
        /// How long.
        limit: Duration,
        /// Everything that came instead.
        seen: Value,
    },
    /// The socket ended first.
    #[error("the socket ended ({end}) before {what}; received since the last match: {seen}")]
    Ended {
        /// What the test waited for.
        what: String,
        /// How it ended.
        end: String,
        /// Everything that came instead.
        seen: Value,
    },
}

/// How a socket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With a close frame of this code (1005 when it has none).
    Closed(u16),
    /// Without a close frame.
    Cut,
}

/// One participant's socket.
#[derive(Debug)]
pub struct ChatSocket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    seen: Vec<Value>,
}

impl ChatSocket {
    /// Connects as `user` to a chat's URL, as in its status.
    pub async fn join(url: &str, user: &str) -> Result<Self, ChatSocketError> {
        Self::join_trusting(url, user, None).await
    }

    /// The same, trusting `authority` (PEM) instead of the system's when given.
    pub async fn join_trusting(
        url: &str,
        user: &str,
        authority: Option<&str>,
    ) -> Result<Self, ChatSocketError> {
        let separator = if url.contains('?') { '&' } else { '?' };
        let encoded: String = url::form_urlencoded::byte_serialize(user.as_bytes()).collect();
        Self::connect(&format!("{url}{separator}user_id={encoded}"), authority).await
    }

    /// Connects to exactly this URL, trusting `authority` (PEM) instead of the
    /// system's when given.
    pub async fn connect(url: &str, authority: Option<&str>) -> Result<Self, ChatSocketError> {
        let connector = authority.map(connector).transpose()?;
        let handshake =
            tokio_tungstenite::connect_async_tls_with_config(url, None, true, connector);
        let url = url.to_owned();
        let Ok(answer) = tokio::time::timeout(CONNECT_LIMIT, handshake).await else {
            return Err(ChatSocketError::Late { url });
        };
        match answer {
            Ok((stream, _)) => Ok(Self {
                stream,
                seen: Vec::new(),
            }),
            Err(tungstenite::Error::Http(answer)) => Err(ChatSocketError::Refused {
                url,
                status: answer.status().as_u16(),
                body: String::from_utf8_lossy(answer.body().as_deref().unwrap_or_default())
                    .into_owned(),
            }),
            Err(source) => Err(ChatSocketError::Connect {
                url,
                source: Box::new(source),
            }),
        }
    }

    /// Sends one message as text.
    pub async fn send(&mut self, message: &Value) -> Result<(), ChatSocketError> {
        self.send_frame(Message::text(message.to_string())).await
    }

    /// Sends any frame.
    pub async fn send_frame(&mut self, frame: Message) -> Result<(), ChatSocketError> {
        self.stream
            .send(frame)
            .await
            .map_err(|error| ChatSocketError::Send(Box::new(error)))
    }

    /// Waits for a message of this type.
    pub async fn expect_type(
        &mut self,
        kind: &str,
        limit: Duration,
    ) -> Result<Value, ChatSocketError> {
        self.expect(kind, limit, |message| message["type"] == kind)
            .await
    }

    /// Waits for a message that matches; others are skipped, and shown if it
    /// never comes. A frame `{"messages":[…]}` counts as its parts.
    pub async fn expect(
        &mut self,
        what: &str,
        limit: Duration,
        matches: impl Fn(&Value) -> bool,
    ) -> Result<Value, ChatSocketError> {
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            if let Some(at) = self.seen.iter().position(&matches) {
                // Those before it were skipped.
                if let Some(found) = self.seen.drain(..=at).next_back() {
                    return Ok(found);
                }
            }
            let Ok(frame) = tokio::time::timeout_at(deadline, self.stream.next()).await else {
                return Err(ChatSocketError::Missing {
                    what: what.to_owned(),
                    limit,
                    seen: self.seen.clone().into(),
                });
            };
            if let Some(end) = self.take(frame) {
                return Err(ChatSocketError::Ended {
                    what: what.to_owned(),
                    end: format!("{end:?}"),
                    seen: self.seen.clone().into(),
                });
            }
        }
    }

    /// Waits until the other side ends the socket.
    pub async fn expect_end(&mut self, limit: Duration) -> Result<End, ChatSocketError> {
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            match tokio::time::timeout_at(deadline, self.stream.next()).await {
                Ok(frame) => {
                    if let Some(end) = self.take(frame) {
                        return Ok(end);
                    }
                }
                Err(_) => {
                    return Err(ChatSocketError::Missing {
                        what: "end of the socket".to_owned(),
                        limit,
                        seen: self.seen.clone().into(),
                    });
                }
            }
        }
    }

    /// Keeps a frame's messages; an end is returned.
    fn take(&mut self, frame: Option<Result<Message, tungstenite::Error>>) -> Option<End> {
        match frame {
            None | Some(Err(_)) => Some(End::Cut),
            Some(Ok(Message::Close(frame))) => {
                Some(End::Closed(frame.map_or(1005, |frame| frame.code.into())))
            }
            Some(Ok(Message::Text(text))) => {
                self.keep(text.as_str().as_bytes());
                None
            }
            Some(Ok(Message::Binary(bytes))) => {
                self.keep(&bytes);
                None
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let message = serde_json::from_slice(bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()));
        match message.get("messages").and_then(Value::as_array) {
            Some(parts) => self.seen.extend(parts.iter().cloned()),
            None => self.seen.push(message),
        }
    }

    /// Messages that came and that no `expect` took.
    #[must_use]
    pub fn pending(&self) -> &[Value] {
        &self.seen
    }

    /// Says goodbye as WebSocket wants it.
    pub async fn close(mut self) -> Result<(), ChatSocketError> {
        self.stream
            .close(None)
            .await
            .map_err(|error| ChatSocketError::Send(Box::new(error)))
    }

    /// Ends the connection without a word, as a broken network would.
    pub fn cut(self) {
        drop(self);
    }
}

fn connector(authority: &str) -> Result<Connector, ChatSocketError> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let bad = |error: &dyn std::fmt::Display| ChatSocketError::Authority(error.to_string());
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
        let certificate = certificate.map_err(|error| bad(&error))?;
        roots.add(certificate).map_err(|error| bad(&error))?;
    }
    let config = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Connector::Rustls(std::sync::Arc::new(config)))
}
