//! What the function answers.

use serde::Serialize;
use serde_json::{Value, json};
use wschat_protocol::ServerMessage;

/// An answer to one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// For the API gateway: it becomes a handshake's answer or a frame.
    Gateway {
        /// The HTTP status.
        status: u16,
        /// The body, always JSON.
        body: String,
    },
    /// For the operator, which calls with `?integration=raw`.
    Operator(Value),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GatewayReply<'a> {
    status_code: u16,
    headers: Value,
    body: &'a str,
    is_base64_encoded: bool,
}

impl Reply {
    /// A message for the client that called.
    #[must_use]
    pub fn message(message: &ServerMessage) -> Self {
        Self::Gateway {
            status: 200,
            body: message.to_json(),
        }
    }

    /// A refused handshake, told in words.
    #[must_use]
    pub fn refused(status: u16, words: &str) -> Self {
        Self::Gateway {
            status,
            body: json!({ "message": words }).to_string(),
        }
    }

    /// The answer to an event that nobody waits for.
    #[must_use]
    pub fn done() -> Self {
        Self::Gateway {
            status: 200,
            body: "{}".to_owned(),
        }
    }

    /// The answer as the cloud wants it. Without the content type the gateway
    /// would make a binary frame of the body.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Gateway { status, body } => serde_json::to_string(&GatewayReply {
                status_code: *status,
                headers: json!({ "Content-Type": "application/json" }),
                body,
                is_base64_encoded: false,
            })
            // Texts and numbers only: nothing in it can fail to be written.
            .unwrap_or_default(),
            Self::Operator(value) => value.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_a_text_frame() {
        let reply = Reply::message(&ServerMessage::Pong {
            id: Some("1".into()),
            timestamp: "2026-01-01T00:00:00Z".into(),
        });
        let written: Value = serde_json::from_str(&reply.to_json()).expect("JSON");
        assert_eq!(
            written,
            json!({
                "statusCode": 200,
                "headers": {"Content-Type": "application/json"},
                "body": r#"{"type":"PONG","id":"1","timestamp":"2026-01-01T00:00:00Z"}"#,
                "isBase64Encoded": false,
            })
        );
    }
}
