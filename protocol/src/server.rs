//! What a client receives.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::Refusal;
use crate::code::ErrorCode;

/// A message to a client. Timestamps are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
pub enum ServerMessage {
    /// The first message after connecting. May be missing: a client is connected
    /// once the upgrade succeeded.
    Connected {
        /// Who the client is.
        user_id: String,
        /// For people.
        #[serde(default)]
        message: String,
        /// When.
        #[serde(default)]
        timestamp: String,
    },
    /// Somebody's content.
    Broadcast {
        /// Whose.
        user_id: String,
        /// As it was sent.
        content: String,
        /// When the handler took it.
        #[serde(default)]
        timestamp: String,
        /// As the sender gave it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// Somebody connected.
    UserJoined {
        /// Who.
        user_id: String,
        /// When.
        #[serde(default)]
        timestamp: String,
    },
    /// Somebody left.
    UserLeft {
        /// Who.
        user_id: String,
        /// When.
        #[serde(default)]
        timestamp: String,
    },
    /// A message was refused.
    Error {
        /// Why.
        code: ErrorCode,
        /// In words, with what to do.
        #[serde(default)]
        message: String,
        /// The refused message's type.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        original_type: Option<String>,
        /// The refused message's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// When.
        #[serde(default)]
        timestamp: String,
    },
    /// A SEND is in the topic.
    Ack {
        /// What was acknowledged: `SEND`, or `DISCONNECT`.
        original_type: String,
        /// As the sender gave it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// When.
        #[serde(default)]
        timestamp: String,
    },
    /// The answer to PING.
    Pong {
        /// The PING's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// When.
        #[serde(default)]
        timestamp: String,
    },
    /// The operator's check of the whole path; nothing for clients.
    Probe {
        /// A nonce.
        id: String,
        /// When.
        #[serde(default)]
        timestamp: String,
    },
}

impl ServerMessage {
    /// The ERROR for a refused message.
    #[must_use]
    pub fn refusal(refusal: Refusal, timestamp: String) -> Self {
        Self::Error {
            code: refusal.code,
            message: refusal.message,
            original_type: refusal.original_type,
            id: refusal.id,
            timestamp,
        }
    }

    /// As JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and enums only: nothing in it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Everything that one frame from the gateway tells a client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Broadcasts {
    /// Those that are understood, in order.
    pub messages: Vec<ServerMessage>,
    /// How many were passed over: unknown types, wrong forms.
    pub unknown: usize,
}

impl Broadcasts {
    /// Reads a frame: a bare message, or `{"messages":[…]}`. A frame that isn't
    /// JSON counts as one unknown message.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut all = Self::default();
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(mut fields))
                if fields.get("messages").is_some_and(Value::is_array) =>
            {
                if let Some(Value::Array(messages)) = fields.remove("messages") {
                    for message in messages {
                        all.take(message);
                    }
                }
            }
            Ok(message) => all.take(message),
            Err(_) => all.unknown += 1,
        }
        all
    }

    fn take(&mut self, message: Value) {
        match serde_json::from_value(message) {
            Ok(message) => self.messages.push(message),
            Err(_) => self.unknown += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn joined(user_id: &str) -> ServerMessage {
        ServerMessage::UserJoined {
            user_id: user_id.to_owned(),
            timestamp: "2026-01-01T00:00:00Z".to_owned(),
        }
    }

    #[test]
    fn messages_are_written_as_old_clients_read_them() {
        let broadcast = ServerMessage::Broadcast {
            user_id: "alice".to_owned(),
            content: "hi".to_owned(),
            timestamp: "2026-01-01T00:00:00Z".to_owned(),
            id: None,
        };
        let written: Value = serde_json::from_str(&broadcast.to_json()).expect("JSON");
        assert_eq!(
            written,
            json!({"type": "BROADCAST", "userId": "alice", "content": "hi",
                   "timestamp": "2026-01-01T00:00:00Z"})
        );
        let written: Value = serde_json::from_str(&joined("bob").to_json()).expect("JSON");
        assert_eq!(written["type"], "USER_JOINED");
    }

    #[test]
    fn both_forms_are_read() {
        let bare = joined("a").to_json();
        assert_eq!(Broadcasts::parse(&bare).messages, [joined("a")]);
        let wrapped = format!(r#"{{"messages":[{bare},{}]}}"#, joined("b").to_json());
        assert_eq!(
            Broadcasts::parse(&wrapped).messages,
            [joined("a"), joined("b")]
        );
    }

    #[test]
    fn a_code_from_the_future_and_a_missing_time_are_read() {
        let read = Broadcasts::parse(r#"{"type":"ERROR","code":"TOO_LATE"}"#);
        let [ServerMessage::Error { code, .. }] = &read.messages[..] else {
            panic!("not an ERROR: {read:?}");
        };
        assert_eq!(*code, ErrorCode::Unknown);
    }

    #[test]
    fn unknown_types_and_fields_are_passed_over() {
        let frame = r#"{"messages":[{"type":"NEW"},5,
            {"type":"PONG","timestamp":"2026-01-01T00:00:00Z","extra":true}]}"#;
        let read = Broadcasts::parse(frame);
        assert_eq!((read.messages.len(), read.unknown), (1, 2));
        assert_eq!(Broadcasts::parse("nonsense").unknown, 1);
    }
}
