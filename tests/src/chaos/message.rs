//! What a client hears and what a topic holds, as it is on the wire.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// A message from the chat. What isn't there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the fields are those of the protocol")]
pub struct Message {
    #[serde(rename = "type")]
    pub kind: String,
    pub user_id: Option<String>,
    pub id: Option<String>,
    pub content: Option<String>,
    pub code: Option<String>,
    pub original_type: Option<String>,
    pub timestamp: Option<String>,
    /// What a gateway says whose function failed.
    pub error_message: Option<String>,
}

impl Message {
    /// All that a frame holds: the parts of `{"messages":[…]}`, or itself. What
    /// is no such message has no kind, and itself as content.
    #[must_use]
    pub fn all_in(frame: &str) -> Vec<Self> {
        match serde_json::from_str::<Value>(frame) {
            Ok(Value::Object(mut fields)) if fields.contains_key("messages") => {
                match fields.remove("messages") {
                    Some(Value::Array(parts)) => parts.into_iter().map(Self::of).collect(),
                    _ => vec![Self::strange(frame)],
                }
            }
            Ok(message) => vec![Self::of(message)],
            Err(_) => vec![Self::strange(frame)],
        }
    }

    fn of(message: Value) -> Self {
        let text = message.to_string();
        serde_json::from_value(message).unwrap_or_else(|_| Self::strange(&text))
    }

    fn strange(text: &str) -> Self {
        Self {
            content: Some(text.to_owned()),
            ..Self::default()
        }
    }

    /// Whether it is what a topic tells everybody.
    #[must_use]
    pub fn is_for_all(&self) -> bool {
        matches!(
            self.kind.as_str(),
            "BROADCAST" | "USER_JOINED" | "USER_LEFT"
        )
    }

    /// Whether it acknowledges a SEND.
    #[must_use]
    pub fn is_ack_of_send(&self) -> bool {
        self.kind == "ACK" && self.original_type.as_deref() == Some("SEND")
    }

    /// Whether the gateway says that the function failed, not the chat.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.kind.is_empty() && self.error_message.is_some()
    }

    /// Who sent it, and under which id: what receivers tell repeats by.
    #[must_use]
    pub fn key(&self) -> Option<(&str, &str)> {
        let broadcast = self.kind == "BROADCAST";
        let key = self.user_id.as_deref().zip(self.id.as_deref());
        key.filter(|_| broadcast)
    }
}

impl fmt::Display for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.kind.is_empty() {
            "?"
        } else {
            &self.kind
        };
        formatter.write_str(kind)?;
        let parts = [
            &self.code,
            &self.original_type,
            &self.user_id,
            &self.id,
            &self.error_message,
        ];
        for part in parts.into_iter().flatten() {
            write!(formatter, " {part}")?;
        }
        if self.id.is_none()
            && let Some(content) = &self.content
        {
            let start: String = content.chars().take(60).collect();
            write!(formatter, " {start:?}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_frame_is_read() {
        let one = r#"{"type":"ACK","originalType":"SEND","id":"7"}"#;
        let [ack] = &Message::all_in(one)[..] else {
            panic!("one message");
        };
        assert!(ack.is_ack_of_send());
        let wrapped = r#"{"messages":[{"type":"USER_LEFT","userId":"a"},7]}"#;
        let parts = Message::all_in(wrapped);
        assert!(parts[0].is_for_all());
        assert_eq!(parts[1].content.as_deref(), Some("7"));
        let failure = Message::all_in(r#"{"errorMessage":"gone","errorType":"ServerError"}"#);
        assert!(failure[0].is_failure());
        assert_eq!(Message::all_in("hm")[0].content.as_deref(), Some("hm"));
    }
}
