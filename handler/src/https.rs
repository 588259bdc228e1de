//! One HTTP request on a connection of its own: HTTP/1.1, over TLS unless the
//! address says `http`.

use std::io;
use std::sync::{Arc, OnceLock};

use http::{HeaderValue, Request, StatusCode, Uri, header, uri::Scheme};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpsError {
    #[error("the address has no host")]
    NoHost,
    #[error("the host's name can't be in a certificate: {0}")]
    Name(#[from] InvalidDnsNameError),
    #[error("the TLS provider refuses its own protocol versions: {0}")]
    Tls(#[from] rustls::Error),
    #[error("cannot connect: {0}")]
    Connect(#[from] io::Error),
    #[error(transparent)]
    Http(#[from] hyper::Error),
}

/// A client. It reads the system's certificates when it first needs them.
#[derive(Default)]
pub(crate) struct Https {
    tls: OnceLock<TlsConnector>,
}

impl Https {
    /// Sends a request; returns the answer's status. The caller limits the
    /// time.
    pub(crate) async fn send(
        &self,
        mut request: Request<String>,
    ) -> Result<StatusCode, HttpsError> {
        let uri = std::mem::take(request.uri_mut());
        let host = uri.host().ok_or(HttpsError::NoHost)?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let plain = uri.scheme() == Some(&Scheme::HTTP);
        let port = uri.port_u16().unwrap_or(if plain { 80 } else { 443 });
        prepare(&mut request, &uri);
        let socket = TcpStream::connect((host.as_str(), port)).await?;
        socket.set_nodelay(true)?;
        if plain {
            exchange(socket, request).await
        } else {
            let name = ServerName::try_from(host)?;
            exchange(self.tls()?.connect(name, socket).await?, request).await
        }
    }

    fn tls(&self) -> Result<TlsConnector, HttpsError> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let tls = connector(rustls_native_certs::load_native_certs().certs)?;
        Ok(self.tls.get_or_init(|| tls).clone())
    }
}

fn connector(
    trusted: impl IntoIterator<Item = CertificateDer<'static>>,
) -> Result<TlsConnector, HttpsError> {
    let mut roots = RootCertStore::empty();
    // One bad certificate among the system's says nothing about the others.
    roots.add_parsable_certificates(trusted);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A server wants the path in the first line and the host in a header.
fn prepare(request: &mut Request<String>, uri: &Uri) {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().unwrap_or_default();
    let host = uri.authority().map_or("", |authority| authority.as_str());
    if let Ok(host) = HeaderValue::from_str(host) {
        request.headers_mut().insert(header::HOST, host);
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<String>,
) -> Result<StatusCode, HttpsError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the exchange: the sender is gone then.
    tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    Ok(response.status())
}

#[cfg(test)]
mod tests;
