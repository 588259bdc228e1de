//! What clients dial. Discovery sends them back to just that: an address that
//! works for them, through whatever forwards it.

use http::Request;
use http::uri::{Authority, Scheme};

/// Where a client thinks that the server is.
#[derive(Debug, Clone)]
pub(super) struct Dialled {
    authority: Authority,
    pub(super) tls: bool,
}

impl Dialled {
    pub(super) fn host(&self) -> &str {
        self.authority.host()
    }

    pub(super) fn port(&self) -> u16 {
        let default = if self.tls { 443 } else { 80 };
        self.authority.port_u16().unwrap_or(default)
    }
}

/// Keeps a call's `:authority`, which tonic doesn't hand on.
pub(super) fn remember<B>(mut request: Request<B>) -> Request<B> {
    let uri = request.uri();
    let dialled = uri.authority().map(|authority| Dialled {
        authority: authority.clone(),
        tls: uri.scheme() == Some(&Scheme::HTTPS),
    });
    if let Some(dialled) = dialled {
        request.extensions_mut().insert(dialled);
    }
    request
}
