//! `POST /oauth/token`: workload identity's token exchange, which the cloud has
//! at `auth.yandex.cloud`. It takes a form and answers as OAuth does (RFC 6749
//! §5.2, RFC 8693): how the cloud words a refusal isn't documented.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use yandex_cloud_rest::model::workload::{TokenExchangeRefusal, TokenExchangeResponse};

use crate::cloud::Cloud;
use crate::iam::exchange::Refusal;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// What is asked for.
#[derive(Debug, Default)]
struct Exchange {
    grant_type: String,
    requested_token_type: String,
    /// The service account's id.
    audience: String,
    subject_token: String,
    subject_token_type: String,
}

pub(super) fn router() -> Router<Cloud> {
    Router::new().route("/oauth/token", post(exchange))
}

async fn exchange(State(cloud): State<Cloud>, body: Bytes) -> Response {
    let form = Exchange::parse(&body);
    if let Err(why) = check(&form) {
        return refused("invalid_request", &why);
    }
    let iam = cloud.iam().clone();
    match iam
        .exchange_token(&form.audience, &form.subject_token)
        .await
    {
        Ok(token) => {
            let answer = TokenExchangeResponse {
                access_token: token.token,
                issued_token_type: ACCESS_TOKEN.to_owned(),
                token_type: "Bearer".to_owned(),
                expires_in: token.expires_in.as_secs(),
            };
            ([(CACHE_CONTROL, "no-store")], Json(answer)).into_response()
        }
        Err(refusal @ Refusal::Grant(_)) => refused("invalid_grant", &refusal.to_string()),
        Err(refusal @ Refusal::Keys { .. }) => refused("invalid_request", &refusal.to_string()),
    }
}

impl Exchange {
    /// Of a form; fields that nobody knows are passed over, as OAuth wants it.
    fn parse(body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            let field = match name.as_ref() {
                "grant_type" => &mut form.grant_type,
                "requested_token_type" => &mut form.requested_token_type,
                "audience" => &mut form.audience,
                "subject_token" => &mut form.subject_token,
                "subject_token_type" => &mut form.subject_token_type,
                _ => continue,
            };
            *field = value.into_owned();
        }
        form
    }
}

fn check(form: &Exchange) -> Result<(), String> {
    let fixed = [
        ("grant_type", &form.grant_type, GRANT),
        (
            "requested_token_type",
            &form.requested_token_type,
            ACCESS_TOKEN,
        ),
        ("subject_token_type", &form.subject_token_type, ID_TOKEN),
    ];
    for (field, given, wanted) in fixed {
        if given != wanted {
            return Err(format!("{field} must be {wanted}"));
        }
    }
    for (field, given) in [
        ("audience", &form.audience),
        ("subject_token", &form.subject_token),
    ] {
        if given.is_empty() {
            return Err(format!("{field} is required"));
        }
    }
    Ok(())
}

fn refused(error: &str, description: &str) -> Response {
    let refusal = TokenExchangeRefusal {
        error: error.to_owned(),
        error_description: description.to_owned(),
    };
    (StatusCode::BAD_REQUEST, Json(refusal)).into_response()
}
