//! Events that functions get, with the keys of the official samples
//! (function types, `examples/data/websocket*.json`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::connection::Connection;
use crate::functions::event::{Values, request_context};

/// Headers of the handshake that belong to one hop.
const DROPPED: &[&str] = &[
    "upgrade",
    "connection",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
];

/// What the handshake brought; it comes back in every event.
#[derive(Debug, Clone)]
pub(super) struct Handshake {
    headers: Values,
    query: Values,
}

impl Handshake {
    pub(super) fn new(headers: &HeaderMap, query: Option<&str>) -> Self {
        let mut kept = headers.clone();
        for name in DROPPED {
            kept.remove(*name);
        }
        Self {
            headers: Values::of_headers(&kept),
            query: Values::of_query(query),
        }
    }
}

/// Which event, with what only it has.
#[derive(Debug, Clone)]
pub(super) enum Kind<'a> {
    Connect,
    Message(&'a Message),
    Disconnect { status: u16, reason: &'a str },
}

impl Kind<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Message(_) => "MESSAGE",
            Self::Disconnect { .. } => "DISCONNECT",
        }
    }

    fn method(&self) -> &'static str {
        match self {
            Self::Connect => "GET",
            Self::Message(_) => "POST",
            Self::Disconnect { .. } => "DELETE",
        }
    }
}

/// An event of a connection.
pub(super) fn event(
    connection: &Connection,
    handshake: &Handshake,
    operation_id: &str,
    kind: &Kind<'_>,
) -> Value {
    let now = Timestamp::now();
    let request_id = Uuid::new_v4().to_string();
    let identity = &connection.identity;
    let mut context = request_context(
        identity.source_ip,
        &identity.user_agent,
        kind.method(),
        &request_id,
        now,
    );
    context.insert("connectionId".to_owned(), json!(connection.id));
    let connected = connection.connected_at.as_millisecond();
    context.insert("connectedAt".to_owned(), json!(connected));
    context.insert("eventType".to_owned(), json!(kind.name()));
    let mut headers = handshake.headers.clone();
    headers.push("X-Request-Id", request_id);
    for (name, value) in own_headers(connection, kind, &mut context) {
        headers.push(name, value);
    }
    let (body, encoded) = body(kind, &mut headers);
    let mut event = json!({
        "resource": connection.path,
        "path": connection.path,
        "pathParameters": {},
        "headers": headers.single(),
        "multiValueHeaders": headers.multiple(),
        "requestContext": context,
        "body": body,
        "isBase64Encoded": encoded,
        "parameters": {},
        "multiValueParameters": {},
        "operationId": operation_id,
    });
    if let Kind::Connect = kind {
        event["httpMethod"] = json!("GET");
        event["queryStringParameters"] = handshake.query.single();
        event["multiValueQueryStringParameters"] = handshake.query.multiple();
    }
    event
}

/// Headers that tell what the context tells, and the context's own extras.
fn own_headers(
    connection: &Connection,
    kind: &Kind<'_>,
    context: &mut Map<String, Value>,
) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        (
            "X-Yc-Apigateway-Websocket-Connection-Id",
            connection.id.clone(),
        ),
        (
            "X-Yc-Apigateway-Websocket-Event-Type",
            kind.name().to_owned(),
        ),
        (
            "X-Yc-Apigateway-Websocket-Connected-At",
            connection.connected_at.to_string(),
        ),
    ];
    match kind {
        Kind::Connect => {}
        Kind::Message(_) => {
            // Version 7 sorts by time, as the cloud's ids do.
            let id = Uuid::now_v7().simple().to_string();
            headers.push(("X-Yc-Apigateway-Websocket-Message-Id", id.clone()));
            context.insert("messageId".to_owned(), json!(id));
        }
        Kind::Disconnect { status, reason } => {
            let text = status.to_string();
            headers.push(("X-Yc-Apigateway-Websocket-Disconnect-Status-Code", text));
            context.insert("disconnectStatusCode".to_owned(), json!(status));
            if !reason.is_empty() {
                let text = (*reason).to_owned();
                headers.push(("X-Yc-Apigateway-Websocket-Disconnect-Reason", text));
                context.insert("disconnectReason".to_owned(), json!(reason));
            }
        }
    }
    headers
}

/// Text always says that it is JSON, and binary data comes as base64.
fn body(kind: &Kind<'_>, headers: &mut Values) -> (String, bool) {
    match kind {
        Kind::Message(Message::Text(text)) => {
            headers.push("Content-Type", "application/json");
            (text.as_str().to_owned(), false)
        }
        Kind::Message(Message::Binary(bytes)) => {
            headers.push("Content-Type", "application/octet-stream");
            (STANDARD.encode(bytes), true)
        }
        Kind::Connect | Kind::Message(_) | Kind::Disconnect { .. } => (String::new(), false),
    }
}
