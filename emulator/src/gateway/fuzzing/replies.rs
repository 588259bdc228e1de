//! From a request to an event, and from a function's answer to a frame.

use std::net::SocketAddr;

use arbitrary::{Arbitrary, Unstructured};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::super::call::{MESSAGE_BYTES, frame};
use super::super::connection::{Connection, Identity, Outgoing};
use super::super::event::{Incoming, Kind, Target, plain, web_socket};
use super::super::plain::replied;
use super::super::spec::{Described, PayloadFormat};
use crate::functions::reply::FunctionReply;

/// What is written by whom.
#[derive(Debug, Arbitrary)]
enum Case<'a> {
    /// A function's answer, as JSON.
    Reply(&'a str),
    /// The same, and nearly right.
    Field {
        status: u16,
        header: &'a str,
        value: &'a str,
        body: &'a str,
        is_base64: bool,
        is_list: bool,
    },
    /// A client's request, or its socket.
    Request(Asked<'a>),
    /// Records of a topic, in batches of so many bytes.
    Records { size: u16, records: Vec<&'a [u8]> },
    /// What an instance of a function says.
    Instance(&'a [u8]),
}

#[derive(Debug, Arbitrary)]
struct Asked<'a> {
    uri: &'a str,
    headers: Vec<(&'a str, &'a [u8])>,
    parameters: Vec<(String, String)>,
    body: &'a [u8],
    text: Option<&'a str>,
    status: u16,
}

/// Events can be written as JSON and hold what came; answers are understood or
/// refused.
pub(crate) fn events(data: &[u8]) {
    let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    match case {
        Case::Reply(text) => {
            if let Ok(value) = serde_json::from_str(text) {
                reply(&value);
            }
        }
        Case::Field {
            status,
            header,
            value,
            body,
            is_base64,
            is_list,
        } => {
            let value = if is_list {
                json!([value])
            } else {
                json!(value)
            };
            let name = if is_list {
                "multiValueHeaders"
            } else {
                "headers"
            };
            let answer = json!({
                "statusCode": status,
                name: { header: value },
                "body": body,
                "isBase64Encoded": is_base64,
            });
            reply(&answer);
        }
        Case::Request(asked) => request(&asked),
        Case::Records { size, records } => {
            crate::trigger::fuzzing::batches(u64::from(size), &records);
        }
        Case::Instance(line) => crate::functions::fuzzing::instance(line),
    }
}

fn reply(value: &Value) {
    let Ok(reply) = FunctionReply::parse(value) else {
        return;
    };
    let answer = replied(reply.clone());
    assert_eq!(answer.status(), reply.status);
    match frame(reply) {
        Some(Outgoing::Text(text)) => assert!(!text.is_empty()),
        Some(Outgoing::Binary(bytes)) => assert!(bytes.len() <= MESSAGE_BYTES),
        Some(Outgoing::Close(code)) => panic!("a body closed a socket with {code}"),
        None => {}
    }
}

fn request(asked: &Asked<'_>) {
    let Ok(uri) = asked.uri.parse::<Uri>() else {
        return;
    };
    let mut headers = HeaderMap::new();
    for (name, value) in &asked.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    let incoming = Incoming::new(("d5d", "http"), &headers, &uri, &asked.parameters, peer);
    let described = Described::default();
    let target = Target {
        operation_id: "operation",
        function_id: "d4e",
        format: PayloadFormat::V1,
        described: &described,
        now: Timestamp::UNIX_EPOCH,
    };
    let event = plain("/{path+}", &incoming, target, &Method::POST, asked.body);
    assert_eq!(event["path"], uri.path());
    let identity = Identity {
        source_ip: peer.ip(),
        user_agent: incoming.user_agent().to_owned(),
    };
    let gateway = super::gateway();
    let (connection, _queue) =
        Connection::new(&gateway, "/{path+}", identity, Timestamp::UNIX_EPOCH, 1);
    let message = match asked.text {
        Some(text) => Message::text(text),
        None => Message::binary(asked.body.to_vec()),
    };
    let id = "message".to_owned();
    let kinds = [
        Kind::Connect,
        Kind::Message {
            id,
            message: &message,
        },
        Kind::Disconnect {
            status: asked.status,
            reason: asked.text.unwrap_or_default(),
        },
    ];
    for kind in &kinds {
        let event = web_socket(&connection, &incoming, target, kind);
        assert_eq!(event["requestContext"]["connectionId"], connection.id);
        let written = event.to_string();
        assert_eq!(serde_json::from_str::<Value>(&written).ok(), Some(event));
    }
}
