//! Operations of plain paths: functions over HTTP, fixed answers.

use std::net::SocketAddr;

use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::{self, Bytes};

use super::event::{Incoming, plain};
use super::listener::{Answer, text};
use super::spec::{FunctionCall, Integration, Operation, Parameters, PathItem};
use super::{Gateways, dummy};
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
            let (uri, headers) = (request.uri(), request.headers());
            let values = operation.described.values(&parameters, uri, headers);
            dummy::answer(fixed, &values, headers)
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
    let target = gateways.target(&operation.id, call, &operation.described);
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
