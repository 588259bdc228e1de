//! What a session tells its user, before it is put into words.

use std::time::Duration;

/// One thing to tell. Texts are as they came from the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// Somebody wrote.
    Message {
        user: String,
        text: String,
        id: Option<String>,
        at: String,
    },
    /// Somebody came.
    Joined { user: String, at: String },
    /// Somebody went.
    Left { user: String, at: String },
    /// The connection was away for so long.
    Gap { offline: Duration },
    /// The server refused something, or one of our messages.
    Refused {
        code: String,
        message: String,
        id: Option<String>,
    },
    /// Nobody knows whether our message arrived.
    Unconfirmed { id: String, text: String },
    /// The first connection works.
    Connected { user: String, took: Duration },
    /// The connection broke; a new one is tried.
    Reconnecting {
        why: String,
        after: Duration,
        attempt: u32,
    },
    /// Messages of kinds that this version doesn't know.
    Unknown { count: usize },
}
