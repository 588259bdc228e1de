//! Messages on their way out, and the limits that they keep.

use thiserror::Error;
use ulid::Ulid;
use wschat_protocol::ClientMessage;
use wschat_protocol::limits::CONTENT_BYTES;

/// Most bytes of a frame; the gateway closes the connection on larger ones
/// (Yandex Cloud, "Limits in API Gateway").
const FRAME_BYTES: usize = 32 * 1024;

/// A message that keeps the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    /// A ULID: comes back in ACK and BROADCAST.
    pub(crate) id: String,
    /// As the user gave it.
    pub(crate) text: String,
}

/// A message that would not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum TooLarge {
    #[error("the message has {0} bytes; at most {CONTENT_BYTES} are taken: send less at a time")]
    Content(usize),
    #[error(
        "the message takes {0} bytes as JSON; at most {FRAME_BYTES} are taken: send less at a time"
    )]
    Frame(usize),
}

impl Outgoing {
    /// Gives a message an id, unless it is too large.
    pub(crate) fn new(text: String) -> Result<Self, TooLarge> {
        if text.len() > CONTENT_BYTES {
            return Err(TooLarge::Content(text.len()));
        }
        let message = Self {
            id: Ulid::generate().to_string(),
            text,
        };
        match message.to_json().len() {
            length if length > FRAME_BYTES => Err(TooLarge::Frame(length)),
            _ => Ok(message),
        }
    }

    /// The frame.
    pub(crate) fn to_json(&self) -> String {
        ClientMessage::Send {
            content: self.text.clone(),
            timestamp: None,
            id: Some(self.id.clone()),
        }
        .to_json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_and_frame_are_limited() {
        assert!(Outgoing::new("ж".repeat(CONTENT_BYTES / 2)).is_ok());
        assert_eq!(
            Outgoing::new("a".repeat(CONTENT_BYTES + 1)),
            Err(TooLarge::Content(CONTENT_BYTES + 1))
        );
        // Each of these takes six bytes in JSON.
        assert!(matches!(
            Outgoing::new("\u{1}".repeat(CONTENT_BYTES)),
            Err(TooLarge::Frame(_))
        ));
    }
}
