//! `/invoke/{functionId}`: calls of functions over HTTP (reference §4.2).

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::direct::Request;
use super::reply::FunctionReply;
use super::{Functions, InvokeError, LATEST};

/// Somewhat above the largest event: that one has its own error.
const MAX_BODY: usize = 4 << 20;

/// Reply headers that a caller doesn't see from the function.
const HIDDEN_FROM_CALLER: [&str; 10] = [
    "host",
    "authorization",
    "user-agent",
    "connection",
    "max-forwards",
    "cookie",
    "x-request-id",
    "x-function-id",
    "x-function-version-id",
    "x-content-type-options",
];

/// Reply headers that are an error to set.
const FORBIDDEN: [&str; 3] = ["proxy-authenticate", "transfer-encoding", "via"];

/// Reply headers that a caller sees as `X-Yf-Remapped-…`.
const REMAPPED: [(&str, &str); 4] = [
    ("content-md5", "x-yf-remapped-content-md5"),
    ("date", "x-yf-remapped-date"),
    ("server", "x-yf-remapped-server"),
    ("www-authenticate", "x-yf-remapped-www-authenticate"),
];

#[derive(Debug, Deserialize)]
struct Parameters {
    integration: Option<String>,
    tag: Option<String>,
}

pub(super) fn router(functions: Functions) -> Router {
    Router::new()
        .route("/invoke/{function_id}", any(invoke))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(functions)
}

#[expect(
    clippy::too_many_arguments,
    reason = "extractors: each argument is one part of the request"
)]
async fn invoke(
    State(functions): State<Functions>,
    Path(function_id): Path<String>,
    Query(parameters): Query<Parameters>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    extensions: Extensions,
    body: Bytes,
) -> Response {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let request = Request {
        method,
        uri,
        headers,
        body,
        peer: peer.map_or(nobody, |peer| peer.0),
        id: Uuid::new_v4().to_string(),
    };
    let tag = parameters.tag.as_deref().unwrap_or(LATEST);
    let integration = parameters.integration.as_deref();
    let mut response = match called(&functions, (&function_id, tag), integration, &request).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    };
    let version_id = functions.version_id(&function_id, tag).unwrap_or_default();
    // A function can't set these (documented), so that it is the service that does.
    for (name, value) in [
        ("x-request-id", request.id.as_str()),
        ("x-function-id", &function_id),
        ("x-function-version-id", &version_id),
        ("x-content-type-options", "nosniff"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value)
            && !value.is_empty()
        {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn called(
    functions: &Functions,
    (function_id, tag): (&str, &str),
    integration: Option<&str>,
    request: &Request,
) -> Result<Response, InvokeError> {
    authorized(functions, function_id, request)?;
    match integration {
        Some("raw") => {
            let event = raw_event(&request.body)?;
            let result = functions
                .invoke_as(&request.id, function_id, tag, event)
                .await?;
            Ok((StatusCode::OK, axum::Json(result)).into_response())
        }
        None => {
            let event = request.event(functions.0.host.inspector.iam().clock().now());
            let result = functions
                .invoke_as(&request.id, function_id, tag, event)
                .await?;
            http_reply(FunctionReply::parse(&result)?, &result)
        }
        Some(other) => Err(InvokeError::BadRequest(format!(
            "integration {other} isn't supported; use raw, or none"
        ))),
    }
}

fn authorized(
    functions: &Functions,
    function_id: &str,
    request: &Request,
) -> Result<(), InvokeError> {
    let subject = match request.text(header::AUTHORIZATION) {
        None => None,
        Some(token) => {
            let subject = functions.0.host.inspector.iam().authenticate(Some(token));
            Some(subject.map_err(|status| InvokeError::Denied(status.message))?)
        }
    };
    functions.authorize(function_id, subject.as_ref())
}

/// A body that isn't JSON reaches the function as text (a guess), so that none
/// is an empty text, which is what the documentation says that its command line
/// passes.
fn raw_event(body: &[u8]) -> Result<Value, InvokeError> {
    match serde_json::from_slice(body) {
        Ok(event) => Ok(event),
        Err(_) => std::str::from_utf8(body)
            .map(Value::from)
            .map_err(|_| InvokeError::BadRequest("the body must be text".to_owned())),
    }
}

fn http_reply(mut reply: FunctionReply, result: &Value) -> Result<Response, InvokeError> {
    if let Some(name) = FORBIDDEN
        .iter()
        .find(|name| reply.headers.contains_key(**name))
    {
        return Err(InvokeError::Malformed {
            reason: format!("the header {name} must not be set"),
            payload: result.clone(),
        });
    }
    for name in HIDDEN_FROM_CALLER {
        reply.headers.remove(name);
    }
    for (name, remapped) in REMAPPED {
        if let Some(value) = reply.headers.remove(name) {
            reply
                .headers
                .insert(HeaderName::from_static(remapped), value);
        }
    }
    // The server sets it; a wrong one would break the connection.
    reply.headers.remove(header::CONTENT_LENGTH);
    Ok((reply.status, reply.headers, reply.body).into_response())
}
