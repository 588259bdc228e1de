//! Operations of plain paths: functions over HTTP, fixed answers.

use std::net::SocketAddr;

use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::{self, Bytes};

use super::Gateways;
use super::event::{Incoming, plain};
use super::listener::{Answer, text};
use super::spec::{Dummy, FunctionCall, Integration, Operation, Parameters, PathItem};
use crate::functions::InvokeError;
use crate::functions::reply::FunctionReply;

/// Largest request and reply in bytes (2.5 MB, documented).
const MAX_BODY: usize = 2_621_440;

/// Answers a request that isn't for a socket.
pub(super) async fn answer(
    gateways: &Gateways,
    gateway_id: &str,
    (item, parameters): (&PathItem, Parameters),
    request: Request<body::Incoming>,
    peer: SocketAddr,
) -> Answer {
    let Some(operation) = item.operation(request.method()) else {
        if item.web_socket.is_some() {
            let words = "this path is for WebSocket connections; connect with ws:// or wss://";
            return text(StatusCode::UPGRADE_REQUIRED, words);
        }
        return text(
            StatusCode::METHOD_NOT_ALLOWED,
            "this path has no such method",
        );
    };
    match &operation.integration {
        Integration::Dummy(fixed) => {
            dummy(fixed, &parameters, request.headers().get(header::ACCEPT))
        }
        Integration::Function(call) => {
            let (parts, body) = request.into_parts();
            let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
                return text(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "the body is larger than 2.5 MB",
                );
            };
            let incoming = Incoming::new(
                (gateway_id, gateways.0.security.http_scheme()),
                &parts.headers,
                &parts.uri,
                &parameters,
                peer,
            );
            let request = (parts.method, incoming, body.to_bytes());
            function(gateways, (item, operation, call), request).await
        }
    }
}

async fn function(
    gateways: &Gateways,
    (item, operation, call): (&PathItem, &Operation, &FunctionCall),
    (method, incoming, body): (http::Method, Incoming, Bytes),
) -> Answer {
    let target = gateways.target(&operation.id, call, &operation.query);
    let event = plain(&item.path, &incoming, target, &method, &body);
    match gateways.call(call, event).await {
        Ok(reply) if reply.body.len() > MAX_BODY => text(
            StatusCode::BAD_GATEWAY,
            "the function's reply is larger than 2.5 MB",
        ),
        Ok(reply) => replied(reply),
        Err(error) => failed(&error),
    }
}

/// A function's reply as it is.
pub(super) fn replied(reply: FunctionReply) -> Answer {
    let mut answer = http::Response::new(http_body_util::Full::new(Bytes::from(reply.body)));
    *answer.status_mut() = reply.status;
    *answer.headers_mut() = reply.headers;
    // The server sets them; wrong ones would break the connection.
    answer.headers_mut().remove(header::CONTENT_LENGTH);
    answer.headers_mut().remove(header::TRANSFER_ENCODING);
    answer.headers_mut().remove(header::CONNECTION);
    answer
}

/// Why there is no reply.
pub(super) fn failed(error: &InvokeError) -> Answer {
    tracing::warn!(%error, "an integration failed");
    let mut answer = text(error.status(), &error.body().to_string());
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

/// `Accept` decides which content; `*` is for what isn't listed, and without
/// it that is 415 (documented). Quality values are not looked at.
fn dummy(dummy: &Dummy, parameters: &Parameters, accept: Option<&HeaderValue>) -> Answer {
    let accept = accept
        .and_then(|value| value.to_str().ok())
        .unwrap_or("*/*");
    let filled = |template: &str| {
        parameters
            .iter()
            .fold(template.to_owned(), |text, (name, value)| {
                text.replace(&format!("{{{name}}}"), value)
            })
    };
    let content = accept
        .split(',')
        .filter_map(|kind| kind.split(';').next())
        .find_map(|kind| match kind.trim() {
            "*/*" => dummy.content.iter().find(|(kind, _)| *kind != "*"),
            kind => dummy.content.get_key_value(kind),
        })
        .or_else(|| dummy.content.get_key_value("*"));
    let Some((kind, body)) = content else {
        if dummy.content.is_empty() {
            return with_headers(text(dummy.status, ""), dummy, &filled);
        }
        return text(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "no content of an accepted type",
        );
    };
    let mut answer = text(dummy.status, &filled(body));
    if let Ok(kind) = HeaderValue::from_str(if kind == "*" { "text/plain" } else { kind }) {
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    with_headers(answer, dummy, &filled)
}

fn with_headers(mut answer: Answer, dummy: &Dummy, filled: &impl Fn(&str) -> String) -> Answer {
    for (name, values) in &dummy.headers {
        let Ok(name) = name.parse::<http::HeaderName>() else {
            continue;
        };
        answer.headers_mut().remove(&name);
        for value in values {
            if let Ok(value) = HeaderValue::from_str(&filled(value)) {
                answer.headers_mut().append(name.clone(), value);
            }
        }
    }
    answer
}
