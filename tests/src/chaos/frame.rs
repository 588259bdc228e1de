//! What a client says.

use std::fmt;

use serde_json::{Value, json};

/// Over the 16 KB of content that a SEND may have.
const TOO_MUCH: usize = 17 * 1024;

/// A frame of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// SEND.
    Send {
        /// Unique among its user's.
        id: String,
        /// Unique as well.
        content: String,
    },
    /// PING.
    Ping {
        /// Unique among its user's.
        id: String,
    },
    /// DISCONNECT.
    Goodbye,
    /// Something that is refused.
    Odd(Odd),
}

/// What the chat refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Odd {
    /// It isn't JSON.
    NoJson,
    /// Its type is unknown.
    NoType,
    /// A SEND without content.
    Empty,
    /// A SEND with too much of it.
    TooLarge,
}

impl Odd {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NoJson, Self::NoType, Self::Empty, Self::TooLarge];

    /// The documented code of its refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoJson => "BAD_JSON",
            Self::NoType => "BAD_TYPE",
            Self::Empty => "EMPTY",
            Self::TooLarge => "TOO_LARGE",
        }
    }
}

impl Frame {
    /// As it is on the wire.
    #[must_use]
    pub fn text(&self) -> String {
        let value: Value = match self {
            Self::Send { id, content } => json!({ "type": "SEND", "content": content, "id": id }),
            Self::Ping { id } => json!({ "type": "PING", "id": id }),
            Self::Goodbye => json!({ "type": "DISCONNECT" }),
            Self::Odd(Odd::NoJson) => return "hello?".to_owned(),
            Self::Odd(Odd::NoType) => json!({ "type": "SHOUT" }),
            Self::Odd(Odd::Empty) => json!({ "type": "SEND", "content": "" }),
            Self::Odd(Odd::TooLarge) => json!({ "type": "SEND", "content": "x".repeat(TOO_MUCH) }),
        };
        value.to_string()
    }

    /// The `originalType` of its answer, when it is one that the chat knows.
    #[must_use]
    pub fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Send { .. } => Some("SEND"),
            Self::Ping { .. } => Some("PING"),
            Self::Goodbye => Some("DISCONNECT"),
            Self::Odd(_) => None,
        }
    }

    /// The id that it carries.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Send { id, .. } | Self::Ping { id } => Some(id),
            Self::Goodbye | Self::Odd(_) => None,
        }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { id, .. } => write!(formatter, "SEND {id}"),
            Self::Ping { id } => write!(formatter, "PING {id}"),
            Self::Goodbye => formatter.write_str("DISCONNECT"),
            Self::Odd(odd) => write!(formatter, "what is {}", odd.code()),
        }
    }
}
