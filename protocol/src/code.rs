//! Why a message was refused.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The `code` of an ERROR message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// Not a JSON object, or a field has the wrong form.
    BadJson,
    /// `type` is missing or unknown.
    BadType,
    /// A SEND without content.
    Empty,
    /// Content over [`crate::limits::CONTENT_BYTES`].
    TooLarge,
    /// This connection isn't registered (any more): connect again.
    NotConnected,
    /// The same user id connected elsewhere; this socket is closed.
    Replaced,
    /// Whether it was taken is unknown: send it again with the same id.
    Unavailable,
    /// A code that this version doesn't know; never sent.
    #[serde(other)]
    Unknown,
}

impl ErrorCode {
    /// As it is on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadJson => "BAD_JSON",
            Self::BadType => "BAD_TYPE",
            Self::Empty => "EMPTY",
            Self::TooLarge => "TOO_LARGE",
            Self::NotConnected => "NOT_CONNECTED",
            Self::Replaced => "REPLACED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
