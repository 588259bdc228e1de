//! What the server says.

use std::time::Instant;

use wschat_protocol::{Broadcasts, ErrorCode, ServerMessage};

use super::Session;
use super::ending::Ending;
use super::link::{Link, Then};
use super::presence::Departure;
use crate::told::Told;

/// An ERROR message.
struct Complaint {
    code: ErrorCode,
    message: String,
    id: Option<String>,
}

impl Session {
    /// Takes one frame.
    pub(super) fn receive(&mut self, now: Instant, text: &str) {
        let read = Broadcasts::parse(text);
        for message in read.messages {
            self.message(now, message);
        }
        if read.unknown > 0 {
            self.tell(Told::Unknown {
                count: read.unknown,
            });
        }
    }

    fn message(&mut self, now: Instant, message: ServerMessage) {
        match message {
            ServerMessage::Connected { user_id, .. } => {
                if !user_id.is_empty() {
                    self.settings.user_id = user_id;
                }
            }
            ServerMessage::Broadcast {
                user_id,
                content,
                timestamp,
                id,
            } => self.broadcast(user_id, content, timestamp, id),
            ServerMessage::UserJoined { user_id, timestamp } => self.joined(user_id, timestamp),
            ServerMessage::UserLeft { user_id, timestamp } => self.left(now, user_id, timestamp),
            ServerMessage::Error {
                code, message, id, ..
            } => self.complaint(now, Complaint { code, message, id }),
            ServerMessage::Ack {
                original_type, id, ..
            } => {
                if original_type == "SEND" {
                    self.outbox.confirm(id.as_deref());
                }
            }
            ServerMessage::Pong { .. } | ServerMessage::Probe { .. } => {}
        }
    }

    fn broadcast(&mut self, user: String, text: String, at: String, id: Option<String>) {
        if let Some(id) = &id {
            if user == self.settings.user_id && self.mine.contains(id) {
                // The typed line is on the screen already. And it arrived.
                return self.outbox.confirm(Some(id));
            }
            if !self.seen.insert((user.clone(), id.clone())) {
                return;
            }
        }
        self.tell(Told::Message { user, text, id, at });
    }

    fn joined(&mut self, user: String, at: String) {
        if user != self.settings.user_id && self.presence.joined(&user) {
            self.tell(Told::Joined { user, at });
        }
    }

    fn left(&mut self, now: Instant, user: String, at: String) {
        if user == self.settings.user_id {
            return;
        }
        if self.settings.calm {
            self.presence.left(Departure { user, at }, now);
        } else {
            self.tell(Told::Left { user, at });
        }
    }

    fn complaint(&mut self, now: Instant, complaint: Complaint) {
        let id = complaint.id.as_deref();
        match complaint.code {
            // Never again by ourselves: two clients would throw each other out forever.
            ErrorCode::Replaced => self.quit(now, Ending::Replaced),
            ErrorCode::NotConnected => {
                if matches!(self.link, Link::Up(_)) {
                    self.not_connected(now);
                }
            }
            ErrorCode::Unavailable if self.outbox.again(id, now) => {}
            ErrorCode::Unavailable
            | ErrorCode::BadJson
            | ErrorCode::BadType
            | ErrorCode::Empty
            | ErrorCode::TooLarge
            | ErrorCode::Unknown => {
                let code = complaint.code.as_str();
                if let Some(message) = self.outbox.refuse(id) {
                    self.rejected(now, code, &message, &complaint.message);
                } else {
                    self.tell(Told::Refused {
                        code: code.to_owned(),
                        message: complaint.message,
                        id: complaint.id,
                    });
                }
            }
        }
    }

    /// The server doesn't know this connection any more: a new one, at the pace
    /// of broken ones, and the message once more.
    fn not_connected(&mut self, now: Instant) {
        self.offline_since.get_or_insert(now);
        let given_up = self.outbox.lose();
        let why = "the server forgot this connection".to_owned();
        self.close(now, Then::Retry(why));
        if let Some(message) = given_up {
            self.unconfirmed(now, message);
        }
    }
}
