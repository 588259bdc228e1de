//! What to do about an event, given the facts. No I/O, no clock.

use wschat_protocol::limits::check_user_id;
use wschat_protocol::{ClientMessage, ErrorCode, Recent, Refusal, ServerMessage};

use crate::event::Connect;
use crate::reply::Reply;

/// Tells a client's message from its repeat: the user and the message's id.
pub type MessageKey = (String, String);

/// How many keys an instance remembers.
pub const REMEMBERED_MESSAGES: usize = 1024;

/// What to do about a CONNECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnConnect {
    /// Answer; nothing is stored or told.
    Answer(Reply),
    /// Register the connection for this user, then go on with [`after_join`].
    Join(String),
}

/// `generated` is the name of a client that gave none.
#[must_use]
pub fn on_connect(event: &Connect, generated: impl FnOnce() -> String, now: &str) -> OnConnect {
    if event.probe {
        return OnConnect::Answer(connected("probe", now));
    }
    let Some(user_id) = &event.user_id else {
        return OnConnect::Join(generated());
    };
    match check_user_id(user_id) {
        Ok(()) => OnConnect::Join(user_id.clone()),
        Err(error) => OnConnect::Answer(Reply::refused(400, &error.to_string())),
    }
}

/// The handshake's answer, once it is known whether the row that was written
/// is still there: a newer connection of the same user deletes it.
#[must_use]
pub fn after_join(user_id: &str, row_is_there: bool, now: &str) -> Reply {
    if row_is_there {
        connected(user_id, now)
    } else {
        Reply::refused(
            409,
            "the same user id connected once more in this moment; that newer connection stays",
        )
    }
}

fn connected(user_id: &str, now: &str) -> Reply {
    Reply::message(&ServerMessage::Connected {
        user_id: user_id.to_owned(),
        message: format!("connected as {user_id}"),
        timestamp: now.to_owned(),
    })
}

/// What an old connection is told before it is closed.
#[must_use]
pub fn replaced(now: &str) -> ServerMessage {
    ServerMessage::Error {
        code: ErrorCode::Replaced,
        message: "the same user id connected elsewhere; this connection is closed".to_owned(),
        original_type: None,
        id: None,
        timestamp: now.to_owned(),
    }
}

/// What is known when a message is decided.
pub struct MessageFacts<'a> {
    /// Whose connection it is; asked for only when [`needs_user`].
    pub user_id: Option<&'a str>,
    /// What this instance published lately.
    pub recent: &'a Recent<MessageKey>,
    /// The time, RFC 3339.
    pub now: &'a str,
}

/// What to do about a MESSAGE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnMessage {
    /// Answer; nothing is stored or told to others.
    Answer(ServerMessage),
    /// Publish, and answer only when the topic has it.
    Publish {
        /// For everybody.
        broadcast: ServerMessage,
        /// For the sender, afterwards.
        ack: ServerMessage,
        /// To be remembered, afterwards.
        key: Option<MessageKey>,
    },
    /// Delete the connection's row, tell others, then answer.
    Leave {
        /// For the sender, afterwards.
        ack: ServerMessage,
    },
}

/// Whether deciding this message takes the connection's row.
#[must_use]
pub fn needs_user(message: &ClientMessage) -> bool {
    match message {
        ClientMessage::Send { .. } => true,
        ClientMessage::Disconnect | ClientMessage::Ping { .. } => false,
    }
}

/// Decides a client's message.
#[must_use]
pub fn on_message(message: ClientMessage, facts: &MessageFacts<'_>) -> OnMessage {
    let now = facts.now.to_owned();
    match message {
        ClientMessage::Ping { id } => OnMessage::Answer(ServerMessage::Pong { id, timestamp: now }),
        ClientMessage::Disconnect => OnMessage::Leave {
            ack: ack("DISCONNECT", None, now),
        },
        ClientMessage::Send { content, id, .. } => {
            let Some(user_id) = facts.user_id else {
                return OnMessage::Answer(not_connected(id, now));
            };
            let key = id.clone().map(|id| (user_id.to_owned(), id));
            let ack = ack("SEND", id.clone(), now.clone());
            if key.as_ref().is_some_and(|key| facts.recent.contains(key)) {
                return OnMessage::Answer(ack);
            }
            OnMessage::Publish {
                broadcast: ServerMessage::Broadcast {
                    user_id: user_id.to_owned(),
                    content,
                    timestamp: now,
                    id,
                },
                ack,
                key,
            }
        }
    }
}

/// What others are told when this call deleted a connection's row, and only
/// then: a replaced connection has none, so nobody is told that its user left.
#[must_use]
pub fn on_disconnect(deleted_row_of: Option<String>, now: &str) -> Option<ServerMessage> {
    deleted_row_of.map(|user_id| ServerMessage::UserLeft {
        user_id,
        timestamp: now.to_owned(),
    })
}

/// The answer to a message that wasn't taken.
#[must_use]
pub fn refused(refusal: Refusal, now: &str) -> ServerMessage {
    ServerMessage::refusal(refusal, now.to_owned())
}

/// The answer when the chat couldn't do it in time.
#[must_use]
pub fn unavailable(original_type: Option<&str>, id: Option<String>, now: &str) -> ServerMessage {
    ServerMessage::Error {
        code: ErrorCode::Unavailable,
        message: "the chat can't tell whether it took this; send it again with the same id"
            .to_owned(),
        original_type: original_type.map(str::to_owned),
        id,
        timestamp: now.to_owned(),
    }
}

fn ack(original_type: &str, id: Option<String>, timestamp: String) -> ServerMessage {
    ServerMessage::Ack {
        original_type: original_type.to_owned(),
        id,
        timestamp,
    }
}

fn not_connected(id: Option<String>, timestamp: String) -> ServerMessage {
    ServerMessage::Error {
        code: ErrorCode::NotConnected,
        message: "this connection is not in the chat (any more); connect again".to_owned(),
        original_type: Some("SEND".to_owned()),
        id,
        timestamp,
    }
}

#[cfg(test)]
mod tests;
