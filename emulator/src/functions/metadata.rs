//! The metadata service of a version's instances: gives out tokens of its
//! service account (reference §2).

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::Stream;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::tokens::{Tokens, Way};
use crate::inspect::{Cut, Verdict};

/// Where SDKs look for a token.
const TOKEN_PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token";

/// One version's, which listens from the first question for its address on: most
/// versions are only there.
#[derive(Debug)]
pub(super) struct MetadataService {
    tokens: Tokens,
    stop: CancellationToken,
    tasks: TaskTracker,
    address: Mutex<Option<SocketAddr>>,
}

impl MetadataService {
    pub(super) fn new(tokens: Tokens, stop: CancellationToken, tasks: TaskTracker) -> Self {
        Self {
            tokens,
            stop,
            tasks,
            address: Mutex::default(),
        }
    }

    /// Where it listens until it is stopped. Must be asked within a runtime.
    ///
    /// # Errors
    /// When there is no port or no file left.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        let mut known = self.address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = *known {
            return Ok(address);
        }
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = TcpListener::from_std(listener)?;
        let (tokens, stop) = (self.tokens.clone(), self.stop.clone());
        self.tasks.spawn(serve(listener, tokens, stop));
        *known = Some(address);
        Ok(address)
    }
}

/// Serves until `stop`.
async fn serve(listener: TcpListener, tokens: Tokens, stop: CancellationToken) {
    let router = Router::new()
        .route(TOKEN_PATH, get(token))
        .with_state(tokens);
    let serving = axum::serve(listener, router).into_future();
    tokio::select! {
        () = stop.cancelled() => {}
        ended = serving => {
            if let Err(error) = ended {
                tracing::warn!(%error, "a metadata service ended");
            }
        }
    }
}

/// A body that ends with an error at once.
fn broken() -> impl Stream<Item = Result<Bytes, Cut>> {
    futures::stream::iter([Err(Cut)])
}

async fn token(State(tokens): State<Tokens>, headers: HeaderMap) -> Response {
    let verdict = tokens.verdict(Way::Metadata).await;
    match verdict {
        Verdict::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            return (status, "injected by a fault rule").into_response();
        }
        // hyper ends the connection of a body that fails before its first byte.
        Verdict::Cut => return Body::from_stream(broken()).into_response(),
        _ => {}
    }
    let flavor = headers
        .get("metadata-flavor")
        .and_then(|value| value.to_str().ok());
    if flavor != Some("Google") {
        return (
            StatusCode::FORBIDDEN,
            "the header Metadata-Flavor: Google is missing",
        )
            .into_response();
    }
    match tokens.issue(&verdict) {
        Some(issued) => Json(json!({
            "access_token": issued.token,
            "expires_in": issued.expires_in.as_secs(),
            "token_type": "Bearer",
        }))
        .into_response(),
        None => (StatusCode::NOT_FOUND, "no service account").into_response(),
    }
}
