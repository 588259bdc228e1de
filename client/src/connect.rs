//! Opening the WebSocket connection.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::{Error as SocketError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
};
use url::Url;

use crate::session::Refusal;
use crate::target::shown;
use crate::text::harmless_line;

/// The gateway's messages have at most 128 KB; a wrapper may hold a few.
const MESSAGE_BYTES: usize = 1 << 20;

/// An open connection.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The trust in others can't be set up.
#[derive(Debug, Error)]
pub(crate) enum TrustError {
    #[error("can't read certificates from {}: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("there is no certificate in {}; it must be PEM", .0.display())]
    Empty(PathBuf),
    #[error("this system has no certificate authorities; name some with --cacert")]
    Nobody,
}

/// Knows how to connect, again and again.
#[derive(Clone)]
pub(crate) struct Dialer {
    url: Url,
    user_id: String,
    connector: Connector,
    timeout: Duration,
}

impl Dialer {
    /// Prepares connections of a user to a chat.
    pub(crate) fn new(
        url: &Url,
        user_id: &str,
        cacert: Option<&Path>,
        timeout: Duration,
    ) -> Result<Self, TrustError> {
        let connector = if url.scheme() == "wss" {
            Connector::Rustls(Arc::new(trust(cacert)?))
        } else {
            Connector::Plain
        };
        Ok(Self {
            url: with_user(url, user_id),
            user_id: user_id.to_owned(),
            connector,
            timeout,
        })
    }

    /// The same for another address; it can't become less or more secret.
    pub(crate) fn at(self, url: &Url) -> Self {
        if url.scheme() != self.url.scheme() {
            return self;
        }
        Self {
            url: with_user(url, &self.user_id),
            ..self
        }
    }

    /// Connects once.
    pub(crate) async fn dial(&self) -> Result<Socket, Refusal> {
        match tokio::time::timeout(self.timeout, self.open()).await {
            Ok(result) => result.map_err(|error| self.refusal(error)),
            Err(_) => Err(Refusal::Unreachable(format!(
                "no connection to {} within {}",
                shown(&self.url),
                humantime::format_duration(self.timeout)
            ))),
        }
    }

    async fn open(&self) -> Result<Socket, SocketError> {
        let request = self.url.as_str().into_client_request()?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES))
            .max_frame_size(Some(MESSAGE_BYTES));
        let connector = Some(self.connector.clone());
        let (socket, _) =
            connect_async_tls_with_config(request, Some(config), true, connector).await?;
        Ok(socket)
    }

    fn refusal(&self, error: SocketError) -> Refusal {
        match error {
            SocketError::Http(response) => by_status(response.status().as_u16()),
            SocketError::Io(error) => self.unreachable(&io_reason(&error)),
            SocketError::Tls(error) => self.unreachable(&error.to_string()),
            // Closed in the middle of the handshake.
            SocketError::ConnectionClosed
            | SocketError::AlreadyClosed
            | SocketError::Protocol(ProtocolError::HandshakeIncomplete) => {
                self.unreachable("the connection was closed at once")
            }
            other @ (SocketError::Capacity(_)
            | SocketError::Protocol(_)
            | SocketError::WriteBufferFull(_)
            | SocketError::Utf8(_)
            | SocketError::AttackAttempt
            | SocketError::Url(_)
            | SocketError::HttpFormat(_)) => Refusal::Protocol(harmless_line(&other.to_string())),
        }
    }

    fn unreachable(&self, reason: &str) -> Refusal {
        let place = shown(&self.url);
        Refusal::Unreachable(format!("can't reach {place}: {}", harmless_line(reason)))
    }
}

fn with_user(url: &Url, user_id: &str) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair("user_id", user_id);
    url
}

fn by_status(status: u16) -> Refusal {
    match status {
        401 | 403 => Refusal::Denied(status),
        409 => Refusal::Taken,
        429 | 500.. => Refusal::Busy(status),
        _ => Refusal::NoChat(status),
    }
}

fn io_reason(error: &io::Error) -> String {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(reason)) => {
            format!("its certificate isn't trusted ({reason}); --cacert names more authorities")
        }
        Some(other) => format!("TLS failed: {other}"),
        None => error.to_string(),
    }
}

/// Trusts the system's authorities, and the user's.
fn trust(cacert: Option<&Path>) -> Result<ClientConfig, TrustError> {
    let mut roots = RootCertStore::empty();
    // What can't be read is only missed by those who need it: they see an
    // untrusted certificate.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = cacert {
        for certificate in read(path)? {
            roots
                .add(certificate)
                .map_err(|error| unreadable(path, &error))?;
        }
    }
    if roots.is_empty() {
        return Err(TrustError::Nobody);
    }
    Ok(ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(path, &error))?;
    if certificates.is_empty() {
        return Err(TrustError::Empty(path.to_owned()));
    }
    Ok(certificates)
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> TrustError {
    TrustError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_different_things() {
        assert_eq!(by_status(401), Refusal::Denied(401));
        assert_eq!(by_status(403), Refusal::Denied(403));
        assert_eq!(by_status(409), Refusal::Taken);
        assert_eq!(by_status(429), Refusal::Busy(429));
        assert_eq!(by_status(503), Refusal::Busy(503));
        assert_eq!(by_status(404), Refusal::NoChat(404));
    }

    #[test]
    fn the_name_is_part_of_the_address() {
        let url = Url::parse("ws://example.com/ws?probe=1").expect("a URL");
        let dialer = Dialer::new(&url, "Анна & co", None, Duration::from_secs(1));
        let url = dialer.expect("no TLS, no trouble").url;
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        assert_eq!(pairs[1], ("user_id".to_owned(), "Анна & co".to_owned()));
    }
}
