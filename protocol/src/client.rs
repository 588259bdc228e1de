//! What a client sends.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::code::ErrorCode;
use crate::limits::{CONTENT_BYTES, ID_BYTES};

/// A message from a client. The forms are written as parsed: a missing optional
/// field stays away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClientMessage {
    /// Content for everybody.
    Send {
        /// 1 to [`CONTENT_BYTES`] bytes of UTF-8, not only white space.
        content: String,
        /// When the client thinks it is; kept for old clients, not used.
        #[serde(skip_serializing_if = "Option::is_none")]
        timestamp: Option<String>,
        /// Comes back in ACK and BROADCAST. A repeat isn't broadcast again.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// Goodbye: others are told, the socket is left to close.
    Disconnect,
    /// Are you there?
    Ping {
        /// Comes back in PONG.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
}

impl ClientMessage {
    /// As JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings only: nothing in it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Parses and checks a message.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
            return Err(Refusal::new(
                ErrorCode::BadJson,
                "send one JSON object, such as {\"type\":\"SEND\",\"content\":\"hello\"}",
            ));
        };
        let kind = match fields.get("type") {
            Some(Value::String(kind)) => kind.clone(),
            Some(_) | None => {
                return Err(Refusal::new(
                    ErrorCode::BadType,
                    "the field \"type\" must be SEND, PING or DISCONNECT",
                ));
            }
        };
        Self::from_fields(&kind, &fields).map_err(|mut refusal| {
            // Told back, but never at length.
            refusal.original_type = Some(kind.chars().take(ID_BYTES).collect());
            refusal.id = id_field(&fields).ok().flatten();
            refusal
        })
    }

    fn from_fields(kind: &str, fields: &Map<String, Value>) -> Result<Self, Refusal> {
        match kind {
            "SEND" => Ok(Self::Send {
                id: id_field(fields)?,
                // Old clients write it in their own ways.
                timestamp: text_field(fields, "timestamp").unwrap_or_default(),
                content: content_field(fields)?,
            }),
            "PING" => Ok(Self::Ping {
                id: id_field(fields)?,
            }),
            "DISCONNECT" => Ok(Self::Disconnect),
            _ => Err(Refusal::new(
                ErrorCode::BadType,
                "unknown type; it must be SEND, PING or DISCONNECT",
            )),
        }
    }

    /// The `type` on the wire.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Send { .. } => "SEND",
            Self::Disconnect => "DISCONNECT",
            Self::Ping { .. } => "PING",
        }
    }
}

fn text_field(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::new(
            ErrorCode::BadJson,
            format!("the field {name:?} must be a string"),
        )),
    }
}

fn id_field(fields: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    let id = text_field(fields, "id")?.filter(|id| !id.is_empty());
    match id {
        Some(id) if id.len() > ID_BYTES => Err(Refusal::new(
            ErrorCode::TooLarge,
            format!("the field \"id\" may have {ID_BYTES} bytes"),
        )),
        id => Ok(id),
    }
}

fn content_field(fields: &Map<String, Value>) -> Result<String, Refusal> {
    let content = text_field(fields, "content")?.unwrap_or_default();
    if content.len() > CONTENT_BYTES {
        return Err(Refusal::new(
            ErrorCode::TooLarge,
            format!("the content may have {CONTENT_BYTES} bytes of UTF-8; send less at a time"),
        ));
    }
    if content.trim().is_empty() {
        return Err(Refusal::new(ErrorCode::Empty, "the content is empty"));
    }
    Ok(content)
}

/// A message that isn't taken, and what its sender is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// Which kind of mistake.
    pub code: ErrorCode,
    /// In words, with what to do.
    pub message: String,
    /// The refused message's `type`, if it could be read.
    pub original_type: Option<String>,
    /// The refused message's `id`, if it could be read.
    pub id: Option<String>,
}

impl Refusal {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            original_type: None,
            id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> ErrorCode {
        ClientMessage::parse(text).expect_err(text).code
    }

    #[test]
    fn every_type_is_understood() {
        let send = ClientMessage::parse(
            r#"{"type":"SEND","content":"hi","id":"7","timestamp":"2026-01-01T00:00:00Z","new":1}"#,
        );
        assert_eq!(
            send,
            Ok(ClientMessage::Send {
                content: "hi".to_owned(),
                timestamp: Some("2026-01-01T00:00:00Z".to_owned()),
                id: Some("7".to_owned()),
            })
        );
        assert_eq!(
            ClientMessage::parse(r#"{"type":"PING"}"#),
            Ok(ClientMessage::Ping { id: None })
        );
        assert_eq!(
            ClientMessage::parse(r#"{"type":"DISCONNECT"}"#),
            Ok(ClientMessage::Disconnect)
        );
    }

    #[test]
    fn mistakes_have_their_code() {
        let large = format!(
            r#"{{"type":"SEND","content":"{}"}}"#,
            "a".repeat(CONTENT_BYTES + 1)
        );
        let cases = [
            ("", ErrorCode::BadJson),
            ("{", ErrorCode::BadJson),
            ("[]", ErrorCode::BadJson),
            (r#"{"type":"SEND","content":5}"#, ErrorCode::BadJson),
            (
                r#"{"type":"SEND","content":"a","id":5}"#,
                ErrorCode::BadJson,
            ),
            ("{}", ErrorCode::BadType),
            (r#"{"type":7}"#, ErrorCode::BadType),
            (r#"{"type":"SHOUT"}"#, ErrorCode::BadType),
            (r#"{"type":"SEND"}"#, ErrorCode::Empty),
            (r#"{"type":"SEND","content":" \n"}"#, ErrorCode::Empty),
            (large.as_str(), ErrorCode::TooLarge),
        ];
        for (text, code) in cases {
            assert_eq!(refused(text), code, "{text:.60}");
        }
    }

    #[test]
    fn the_largest_content_is_taken() {
        let text = format!(
            r#"{{"type":"SEND","content":"{}"}}"#,
            "ж".repeat(CONTENT_BYTES / 2)
        );
        assert!(ClientMessage::parse(&text).is_ok());
    }

    #[test]
    fn a_refusal_names_what_it_refuses() {
        let refusal = ClientMessage::parse(r#"{"type":"SEND","content":"","id":"9"}"#)
            .expect_err("empty content");
        assert_eq!(refusal.original_type.as_deref(), Some("SEND"));
        assert_eq!(refusal.id.as_deref(), Some("9"));
        let long = format!(r#"{{"type":"{0}","id":"{0}"}}"#, "T".repeat(9000));
        let refusal = ClientMessage::parse(&long).expect_err("unknown type");
        let told = refusal.original_type.unwrap_or_default();
        assert_eq!((told.len(), refusal.id), (ID_BYTES, None));
    }

    #[test]
    fn a_strange_timestamp_costs_nothing() {
        let send = ClientMessage::parse(r#"{"type":"SEND","content":"a","timestamp":17}"#);
        assert_eq!(
            send.map(|message| message.to_json()),
            Ok(r#"{"type":"SEND","content":"a"}"#.to_owned())
        );
    }
}
