//! `/invoke/{functionId}`: calls of functions over HTTP (reference §4.2).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::event::{Values, http_body, request_context};
use super::reply::FunctionReply;
use super::{Functions, InvokeError, LATEST};

/// Somewhat above the largest event: that one has its own error.
const MAX_BODY: usize = 4 << 20;

/// Request headers that a function doesn't see.
const HIDDEN_FROM_FUNCTION: [&str; 13] = [
    "expect",
    "te",
    "trailer",
    "upgrade",
    "proxy-authenticate",
    "authorization",
    "connection",
    "content-md5",
    "max-forwards",
    "server",
    "transfer-encoding",
    "www-authenticate",
    "cookie",
];

/// Reply headers that a caller doesn't see.
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

struct Call {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    source: IpAddr,
    request_id: String,
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
    let source = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip());
    let request_id = Uuid::new_v4().to_string();
    let call = Call {
        method,
        uri,
        headers,
        body,
        source,
        request_id,
    };
    let mut response = match called(&functions, &function_id, &parameters, &call).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    };
    for (name, value) in [
        ("x-request-id", &call.request_id),
        ("x-function-id", &function_id),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn called(
    functions: &Functions,
    function_id: &str,
    parameters: &Parameters,
    call: &Call,
) -> Result<Response, InvokeError> {
    authorized(functions, function_id, call)?;
    let tag = parameters.tag.as_deref().unwrap_or(LATEST);
    match parameters.integration.as_deref() {
        Some("raw") => {
            let event = raw_event(&call.body)?;
            let result = functions.invoke(function_id, tag, event).await?;
            Ok((StatusCode::OK, axum::Json(result)).into_response())
        }
        None => {
            let event = http_event(call, functions);
            let result = functions.invoke(function_id, tag, event).await?;
            http_reply(FunctionReply::parse(&result)?, &result)
        }
        Some(other) => Err(InvokeError::BadRequest(format!(
            "integration {other} isn't supported; use raw"
        ))),
    }
}

fn authorized(functions: &Functions, function_id: &str, call: &Call) -> Result<(), InvokeError> {
    let token = call
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let subject = match token {
        None => None,
        Some(token) => {
            let subject = functions.0.host.inspector.iam().authenticate(Some(token));
            Some(subject.map_err(|status| InvokeError::Denied(status.message))?)
        }
    };
    functions.authorize(function_id, subject.as_ref())
}

/// A body that isn't JSON reaches the function as text (a guess); none as null.
fn raw_event(body: &[u8]) -> Result<Value, InvokeError> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    match serde_json::from_slice(body) {
        Ok(event) => Ok(event),
        Err(_) => std::str::from_utf8(body)
            .map(Value::from)
            .map_err(|_| InvokeError::BadRequest("the body must be text".to_owned())),
    }
}

fn http_event(call: &Call, functions: &Functions) -> Value {
    let mut headers = call.headers.clone();
    for name in HIDDEN_FROM_FUNCTION {
        headers.remove(name);
    }
    let text = |name: HeaderName| call.headers.get(name).and_then(|value| value.to_str().ok());
    let headers = Values::of_headers(&headers);
    let query = Values::of_query(call.uri.query());
    let (body, is_base64) = http_body(text(header::CONTENT_TYPE), &call.body);
    let user_agent = text(header::USER_AGENT).unwrap_or_default();
    let now = functions.0.host.inspector.iam().clock().now();
    json!({
        "httpMethod": call.method.as_str(),
        "url": "",
        "path": "",
        "headers": headers.single(),
        "multiValueHeaders": headers.multiple(),
        "queryStringParameters": query.single(),
        "multiValueQueryStringParameters": query.multiple(),
        "pathParams": {},
        "params": {},
        "multiValueParams": {},
        "requestContext":
            request_context(call.source, user_agent, call.method.as_str(), &call.request_id, now),
        "body": body,
        "isBase64Encoded": is_base64,
    })
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
