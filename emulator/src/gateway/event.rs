//! Events that functions get, with the keys of the official samples
//! (function types, `examples/data/websocket*.json`) and of format 1.0
//! (reference §4.1).

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Uri};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::connection::Connection;
use super::spec::{Described, Parameters, PayloadFormat};
use crate::functions::event::{Values, forwarded_for, http_body, request_context};

/// Headers of a request that its client doesn't choose, or that belong to one
/// hop.
const DROPPED: [&str; 14] = [
    // The gateway states these itself.
    "x-envoy-external-address",
    "x-forwarded-for",
    "x-real-remote-address",
    "x-request-id",
    "x-trace-id",
    "upgrade",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
];

const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// Length of message ids in the official samples.
const MESSAGE_ID_LENGTH: usize = 30;
/// Digits of base 36 that hold the microseconds of an id.
const MESSAGE_TIME_DIGITS: usize = 12;

/// What a request brought; a handshake comes back in every event of its socket.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    headers: Values,
    query: Values,
    /// As requested.
    path: String,
    /// The query as it was written.
    query_text: String,
    path_parameters: Values,
    peer: SocketAddr,
    user_agent: String,
}

impl Incoming {
    /// Of a request, with the headers that a gateway adds: its id, and `http`
    /// or `https`.
    pub(super) fn new(
        (gateway_id, scheme): (&str, &str),
        headers: &HeaderMap,
        uri: &Uri,
        parameters: &Parameters,
        peer: SocketAddr,
    ) -> Self {
        let mut kept = headers.clone();
        for name in DROPPED {
            kept.remove(name);
        }
        let agent = headers
            .get(http::header::USER_AGENT)
            .and_then(|value| value.to_str().ok());
        let forwarded = forwarded_for(headers, peer.ip());
        let mut headers = Values::of_headers(&kept);
        let address = peer.ip().to_string();
        headers.push("X-Envoy-External-Address", address);
        headers.push(
            "X-Envoy-Original-Path",
            uri.path_and_query().map_or("/", |path| path.as_str()),
        );
        headers.push("X-Forwarded-For", forwarded);
        headers.push("X-Forwarded-Proto", scheme);
        headers.push("X-Real-Remote-Address", peer.to_string());
        headers.push("X-Serverless-Certificate-Ids", "{}");
        headers.push("X-Serverless-Gateway-Id", gateway_id);
        Self {
            headers,
            query: Values::of_query(uri.query()),
            path: uri.path().to_owned(),
            query_text: uri.query().unwrap_or_default().to_owned(),
            path_parameters: Values::of_pairs(parameters),
            peer,
            user_agent: agent.unwrap_or_default().to_owned(),
        }
    }

    /// Parameters of the path, and those of the query that the specification
    /// describes (documented: others are no parameters).
    fn parameters(&self, described: &Described) -> Values {
        let query = self.query.only(|name| described.has_query(name));
        self.path_parameters.with(&query)
    }

    /// The client's program.
    pub(super) fn user_agent(&self) -> &str {
        &self.user_agent
    }
}

/// What an event is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) operation_id: &'a str,
    pub(super) function_id: &'a str,
    pub(super) format: PayloadFormat,
    pub(super) described: &'a Described,
    pub(super) now: Timestamp,
}

/// Which event, with what only it has.
#[derive(Debug, Clone)]
pub(super) enum Kind<'a> {
    Connect,
    Message { id: String, message: &'a Message },
    Disconnect { status: u16, reason: &'a str },
}

impl Kind<'_> {
    pub(super) fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Connect => ("CONNECT", "GET"),
            Self::Message { .. } => ("MESSAGE", "POST"),
            Self::Disconnect { .. } => ("DISCONNECT", "DELETE"),
        }
    }
}

/// An event of a connection, the same in both formats: the official types and
/// samples know one kind only (that format 0.1 doesn't differ is a guess).
pub(super) fn web_socket(
    connection: &Connection,
    incoming: &Incoming,
    target: Target<'_>,
    kind: &Kind<'_>,
) -> Value {
    let (name, method) = kind.names();
    let (mut headers, mut context) = common(incoming, target, method);
    let connected = connection.connected_at.as_millisecond();
    context.insert("connectionId".to_owned(), json!(connection.id));
    context.insert("connectedAt".to_owned(), json!(connected));
    context.insert("eventType".to_owned(), json!(name));
    headers.push(
        "X-Yc-Apigateway-Websocket-Connected-At",
        connected.to_string(),
    );
    headers.push(
        "X-Yc-Apigateway-Websocket-Connection-Id",
        connection.id.clone(),
    );
    headers.push("X-Yc-Apigateway-Websocket-Event-Type", name);
    // Query parameters belong to the handshake only; a path stays what it is.
    let parameters = match kind {
        Kind::Connect => incoming.parameters(target.described),
        Kind::Message { .. } | Kind::Disconnect { .. } => incoming.path_parameters.clone(),
    };
    let mut event = json!({
        "resource": connection.path,
        "path": incoming.path,
        "pathParameters": incoming.path_parameters.single(),
        "parameters": parameters.single(),
        "multiValueParameters": parameters.multiple(),
        "operationId": target.operation_id,
    });
    match kind {
        Kind::Connect => {
            event["httpMethod"] = json!(method);
            event["queryStringParameters"] = incoming.query.single();
            event["multiValueQueryStringParameters"] = incoming.query.multiple();
        }
        Kind::Message { id, message } => {
            let (body, encoded) = add_message(id, message, &mut headers, &mut context);
            event["body"] = json!(body);
            event["isBase64Encoded"] = json!(encoded);
        }
        Kind::Disconnect { status, reason } => {
            headers.push("X-Yc-Apigateway-Websocket-Disconnect-Reason", *reason);
            headers.push(
                "X-Yc-Apigateway-Websocket-Disconnect-Status-Code",
                status.to_string(),
            );
            context.insert("disconnectStatusCode".to_owned(), json!(status));
            if !reason.is_empty() {
                context.insert("disconnectReason".to_owned(), json!(reason));
            }
        }
    }
    event["headers"] = headers.single();
    event["multiValueHeaders"] = headers.multiple();
    event["requestContext"] = Value::Object(context);
    event
}

/// Text always says that it is JSON, and binary data comes as base64
/// (documented).
fn add_message(
    id: &str,
    message: &Message,
    headers: &mut Values,
    context: &mut Map<String, Value>,
) -> (String, bool) {
    let (kind, body, encoded) = match message {
        Message::Text(text) => ("application/json", text.as_str().to_owned(), false),
        other => (
            "application/octet-stream",
            STANDARD.encode(other.clone().into_data()),
            true,
        ),
    };
    headers.push("Content-Type", kind);
    headers.push("Content-Length", message.len().to_string());
    headers.push("X-Yc-Apigateway-Websocket-Message-Id", id);
    context.insert("messageId".to_owned(), json!(id));
    (body, encoded)
}

/// An event of a plain request to the path that the specification calls
/// `resource`.
pub(super) fn plain(
    resource: &str,
    incoming: &Incoming,
    target: Target<'_>,
    method: &http::Method,
    body: &[u8],
) -> Value {
    let (headers, context) = common(incoming, target, method.as_str());
    let kind = headers.single();
    let (body, encoded) = http_body(kind["Content-Type"].as_str(), body);
    let mut event = json!({
        "httpMethod": method.as_str(),
        "headers": headers.single(),
        "multiValueHeaders": headers.multiple(),
        "queryStringParameters": incoming.query.single(),
        "multiValueQueryStringParameters": incoming.query.multiple(),
        "requestContext": context,
        "body": body,
        "isBase64Encoded": encoded,
    });
    let parameters = incoming.parameters(target.described);
    let (one, many) = (parameters.single(), parameters.multiple());
    let of_path = incoming.path_parameters.single();
    match target.format {
        // `url` ends with `?` when there is no query: seen in recorded events.
        PayloadFormat::V0 => {
            event["url"] = json!(format!("{}?{}", incoming.path, incoming.query_text));
            event["path"] = json!(resource);
            event["pathParams"] = of_path;
            event["params"] = one;
            event["multiValueParams"] = many;
        }
        PayloadFormat::V1 => {
            event["version"] = json!("1.0");
            event["resource"] = json!(resource);
            event["path"] = json!(incoming.path);
            event["pathParameters"] = of_path;
            event["parameters"] = one;
            event["multiValueParameters"] = many;
            event["operationId"] = json!(target.operation_id);
        }
    }
    event
}

fn common(incoming: &Incoming, target: Target<'_>, method: &str) -> (Values, Map<String, Value>) {
    let request_id = Uuid::new_v4().to_string();
    let source = incoming.peer.ip();
    let context = request_context(
        source,
        &incoming.user_agent,
        method,
        &request_id,
        target.now,
    );
    let mut headers = incoming.headers.clone();
    headers.push("X-Api-Gateway-Function-Id", target.function_id);
    headers.push("X-Request-Id", request_id);
    headers.push("X-Trace-Id", Uuid::new_v4().to_string());
    (headers, context)
}

/// Makes message ids whose lexicographic order is that of time (documented).
#[derive(Debug, Default)]
pub(super) struct MessageIds(AtomicI64);

impl MessageIds {
    /// A new one, greater than all before.
    pub(super) fn next(&self, now: Timestamp) -> String {
        let now = now.as_microsecond();
        let last = self.0.fetch_max(now, Ordering::Relaxed);
        let unique = if last < now {
            now
        } else {
            self.0.fetch_add(1, Ordering::Relaxed) + 1
        };
        let mut rest = u64::try_from(unique).unwrap_or_default();
        let mut digits = [b'0'; MESSAGE_TIME_DIGITS];
        for digit in digits.iter_mut().rev() {
            *digit = usize::try_from(rest % 36).map_or(b'0', |index| ALPHABET[index]);
            rest /= 36;
        }
        let tail = super::connection::new_id();
        let time = digits.iter().copied().map(char::from);
        time.chain(tail.chars().take(MESSAGE_ID_LENGTH - MESSAGE_TIME_DIGITS))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::MessageIds;

    #[test]
    fn message_ids_grow_even_within_a_microsecond() {
        let ids = MessageIds::default();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let made: Vec<String> = (0..100).map(|_| ids.next(now)).collect();
        assert!(made.is_sorted_by(|a, b| a < b), "{made:?}");
        assert!(made.iter().all(|id| id.len() == 30));
    }
}
