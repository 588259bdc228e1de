//! Whether connections are plain or TLS: decided once at start, for all listeners.

mod accept;
mod authority;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use tonic::transport::{Identity, ServerTlsConfig};

use crate::store::{StateError, Store};

pub use accept::{AcceptError, Stream};

/// What is offered by ALPN: HTTP/1.1.
const HTTP_1: &[u8] = b"http/1.1";
/// What is offered by ALPN: HTTP/2.
const HTTP_2: &[u8] = b"h2";

/// TLS can't be had.
#[derive(Debug, thiserror::Error)]
pub enum SecurityError {
    /// Certificates can't be made.
    #[error("can't make certificates: {0}")]
    Generate(#[from] rcgen::Error),
    /// What was made can't be read again.
    #[error("can't read the certificates that were made: {0}")]
    Read(#[from] pem::Error),
    /// The TLS library refuses them.
    #[error("can't use the certificates that were made: {0}")]
    Use(#[from] rustls::Error),
    /// The store can't be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The file can't be written.
    #[error(
        "can't write the certificate authority to {path}: {source}; choose a writable path with --tls"
    )]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// How listeners speak; clones share certificates.
#[derive(Debug, Clone, Default)]
pub enum Security {
    /// Anybody on this machine may listen in.
    #[default]
    Plain,
    /// TLS, by an authority of the emulator's own.
    Tls(Tls),
}

/// What TLS needs.
#[derive(Clone)]
pub struct Tls {
    authority: PathBuf,
    config: Arc<ServerConfig>,
    identity: Identity,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Tls(by {})", self.authority.display())
    }
}

impl Security {
    /// TLS for this machine's names and `addresses`, by the authority in the
    /// store, or by a new one. Its certificate is written to `path`, as PEM.
    ///
    /// # Errors
    /// See [`SecurityError`].
    pub fn tls(
        path: &Path,
        addresses: &[SocketAddr],
        store: &Store,
    ) -> Result<Self, SecurityError> {
        let made = authority::kept_or_issued(addresses, store)?;
        let written = |source| SecurityError::Write {
            path: path.to_owned(),
            source,
        };
        std::fs::write(path, &made.authority).map_err(written)?;
        // Functions run in folders of their own.
        let authority = std::path::absolute(path).map_err(written)?;
        let certificate = CertificateDer::from_pem_slice(made.certificate.as_bytes())?;
        let key = PrivateKeyDer::from_pem_slice(made.key.as_bytes())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        config.alpn_protocols = vec![HTTP_1.to_vec()];
        Ok(Self::Tls(Tls {
            authority,
            config: Arc::new(config),
            identity: Identity::from_pem(made.certificate, made.key),
        }))
    }

    /// The same for a listener that also speaks HTTP/2.
    #[must_use]
    pub fn with_http2(self) -> Self {
        match self {
            Self::Plain => Self::Plain,
            Self::Tls(tls) => {
                let mut config = ServerConfig::clone(&tls.config);
                config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1.to_vec()];
                let config = Arc::new(config);
                Self::Tls(Tls { config, ..tls })
            }
        }
    }

    /// The same for tonic, which accepts connections itself.
    #[must_use]
    pub fn of_grpc(&self) -> Option<ServerTlsConfig> {
        match self {
            Self::Plain => None,
            Self::Tls(tls) => {
                let config = ServerTlsConfig::new().identity(tls.identity.clone());
                Some(config.timeout(accept::HANDSHAKE_LIMIT))
            }
        }
    }

    /// The file with the authority's certificate; absolute.
    #[must_use]
    pub fn authority(&self) -> Option<&Path> {
        match self {
            Self::Plain => None,
            Self::Tls(tls) => Some(&tls.authority),
        }
    }

    /// `http` or `https`.
    #[must_use]
    pub fn http_scheme(&self) -> &'static str {
        match self {
            Self::Plain => "http",
            Self::Tls(_) => "https",
        }
    }

    /// `grpc` or `grpcs`.
    #[must_use]
    pub fn grpc_scheme(&self) -> &'static str {
        match self {
            Self::Plain => "grpc",
            Self::Tls(_) => "grpcs",
        }
    }
}
