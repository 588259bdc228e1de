//! From a TCP connection to one that can be served.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use super::{Security, Tls};

/// How long a client may take to agree on TLS.
pub(super) const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long a client that speaks no TLS may take to read that it should.
const REFUSAL_LIMIT: Duration = Duration::from_secs(2);
/// What every TLS handshake starts with (RFC 8446 §5.1: the record's type).
const HANDSHAKE_RECORD: u8 = 22;

/// A connection, plain or TLS.
pub type Stream = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// A client isn't served.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// It speaks something else.
    #[error(
        "the client speaks no TLS; it must use https:// or wss:// and trust the authority in {0}"
    )]
    Plain(PathBuf),
    /// It doesn't agree: the most common reason is that it lacks the authority.
    #[error("no TLS with the client: {source}; does it trust the authority in {authority}?")]
    Handshake {
        /// The file.
        authority: PathBuf,
        /// What the library says.
        source: io::Error,
    },
    /// It says nothing.
    #[error("the client didn't agree on TLS within {HANDSHAKE_LIMIT:?}")]
    Late,
}

impl Security {
    /// Makes a connection ready to be served. A client that speaks plain HTTP
    /// where TLS is due is told so, in HTTP.
    ///
    /// # Errors
    /// See [`AcceptError`]; never when connections are plain.
    pub async fn accept(&self, stream: TcpStream) -> Result<Stream, AcceptError> {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        match self {
            Self::Plain => Ok(Either::Left(stream)),
            Self::Tls(tls) => match tokio::time::timeout(HANDSHAKE_LIMIT, tls.accept(stream)).await
            {
                Ok(accepted) => accepted.map(|stream| Either::Right(Box::new(stream))),
                Err(_) => Err(AcceptError::Late),
            },
        }
    }
}

impl Tls {
    async fn accept(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, AcceptError> {
        let failed = |source| AcceptError::Handshake {
            authority: self.authority.clone(),
            source,
        };
        let mut first = [HANDSHAKE_RECORD];
        stream.peek(&mut first).await.map_err(failed)?;
        if first != [HANDSHAKE_RECORD] {
            // Politeness only: the client may be gone.
            let _ = tokio::time::timeout(REFUSAL_LIMIT, refuse(stream, &self.authority)).await;
            return Err(AcceptError::Plain(self.authority.clone()));
        }
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        acceptor.accept(stream).await.map_err(failed)
    }
}

/// Answers in plain HTTP, then waits until the client has gone: ending the
/// connection with unread data would take the answer from it.
async fn refuse(mut stream: TcpStream, authority: &Path) -> io::Result<()> {
    let words = format!(
        "This port speaks TLS only: use https:// or wss://, and trust the authority in {}.\n",
        authority.display()
    );
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{words}",
        words.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink())
        .await
        .map(drop)
}
