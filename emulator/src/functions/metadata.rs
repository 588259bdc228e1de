//! The metadata service of a version's instances: gives out tokens of its
//! service account (reference §2).

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::iam::Iam;

/// Where SDKs look for a token.
const TOKEN_PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token";

#[derive(Debug, Clone)]
struct Account {
    iam: Iam,
    service_account_id: Option<String>,
}

/// Serves until `stop`; without an account there is no token to give (404).
pub(super) async fn serve(
    listener: TcpListener,
    iam: Iam,
    service_account_id: Option<String>,
    stop: CancellationToken,
) {
    let router = Router::new()
        .route(TOKEN_PATH, get(token))
        .with_state(Account {
            iam,
            service_account_id,
        });
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

async fn token(State(account): State<Account>, headers: HeaderMap) -> Response {
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
    let issued = account
        .service_account_id
        .as_deref()
        .map(|id| account.iam.issue_token(id));
    match issued {
        Some(Ok(issued)) => Json(json!({
            "access_token": issued.token,
            "expires_in": issued.expires_in.as_secs(),
            "token_type": "Bearer",
        }))
        .into_response(),
        Some(Err(_)) | None => (StatusCode::NOT_FOUND, "no service account").into_response(),
    }
}
