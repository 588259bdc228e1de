//! The chat: looks up the facts, decides, does what was decided.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tokio::time::Instant;
use wschat_protocol::{ClientMessage, Recent, ServerMessage};

use crate::call::Call;
use crate::decisions::{self, MessageFacts, MessageKey, OnConnect, OnMessage};
use crate::event::Connect;
use crate::evict;
use crate::log::Log;
use crate::ports::{Broadcaster, ConnectionStore, Connections, Unavailable};
use crate::reply::Reply;

/// How many connections' users an instance remembers.
const REMEMBERED_USERS: usize = 4096;

/// How long an instance takes a connection's user for known. A connection that
/// was replaced by way of another instance loses its row, and its socket too
/// unless the connection API fails; such a socket doesn't speak for its user
/// for longer than this.
const USER_KNOWN_FOR: Duration = Duration::from_secs(30);

/// The outside, as one call sees it.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// Who is connected.
    pub store: &'a dyn ConnectionStore,
    /// Tells everybody.
    pub broadcaster: &'a dyn Broadcaster,
    /// Tells one.
    pub connections: &'a dyn Connections,
}

/// What an instance keeps between calls.
pub struct Chat {
    memory: Mutex<Memory>,
    log: Log,
}

struct Memory {
    /// A connection's user never changes while its row is there.
    users: HashMap<String, Known>,
    recent: Recent<MessageKey>,
}

/// A connection's user, as the rows told.
struct Known {
    user_id: String,
    until: Instant,
}

impl Chat {
    /// A chat that remembers nothing yet.
    #[must_use]
    pub fn new(log: Log) -> Self {
        Self {
            memory: Mutex::new(Memory {
                users: HashMap::new(),
                recent: Recent::new(decisions::REMEMBERED_MESSAGES),
            }),
            log,
        }
    }

    /// A client wants to open a WebSocket.
    pub async fn connect(&self, event: &Connect, ports: Ports<'_>, call: &Call) -> Reply {
        let user_id = match decisions::on_connect(event, guest, &now()) {
            OnConnect::Answer(reply) => return reply,
            OnConnect::Join(user_id) => user_id,
        };
        let connection_id = event.connection_id.as_str();
        match self.join(connection_id, &user_id, ports, call).await {
            Ok(reply) => reply,
            Err(error) => {
                self.tell(&error, call, "connect refused");
                // There will be no socket, so nobody else takes the row back,
                // if there is one.
                self.disconnect(connection_id, ports, call).await;
                Reply::refused(503, "the chat is unavailable; try again in a few seconds")
            }
        }
    }

    async fn join(
        &self,
        connection_id: &str,
        user_id: &str,
        ports: Ports<'_>,
        call: &Call,
    ) -> Result<Reply, Unavailable> {
        let old = ports
            .store
            .join(connection_id, user_id, call.part(2))
            .await?;
        let joined = ServerMessage::UserJoined {
            user_id: user_id.to_owned(),
            timestamp: now(),
        };
        if let Err(error) = ports.broadcaster.publish(&joined, call.part(2)).await {
            self.tell(&error, call, "others don't learn that a user joined");
        }
        evict::all(&old, ports.connections, call, self.log).await;
        // As late as possible: between this and the open socket nobody may
        // find the connection to close it.
        let row = ports.store.user_of(connection_id, call.part(2)).await?;
        let row_is_there = row.as_deref() == Some(user_id);
        if row_is_there {
            self.remember_user(connection_id, user_id);
        }
        let fields = json!({
            "connectionId": connection_id,
            "replaced": old.len(),
            "stays": row_is_there,
            "requestId": call.request_id,
        });
        self.log.info("connected", fields);
        Ok(decisions::after_join(user_id, row_is_there, &now()))
    }

    /// A client sent a frame. Whatever comes of it, the socket stays open.
    pub async fn message(
        &self,
        connection_id: &str,
        text: Option<&str>,
        ports: Ports<'_>,
        call: &Call,
    ) -> Reply {
        // No text is no JSON.
        let answer = match ClientMessage::parse(text.unwrap_or_default()) {
            Err(refusal) => decisions::refused(refusal, &now()),
            Ok(message) => {
                let (kind, id) = (message.kind(), message_id(&message));
                self.take(connection_id, message, ports, call)
                    .await
                    .unwrap_or_else(|error| {
                        self.tell(&error, call, "message not taken");
                        decisions::unavailable(Some(kind), id, &now())
                    })
            }
        };
        Reply::message(&answer)
    }

    async fn take(
        &self,
        connection_id: &str,
        message: ClientMessage,
        ports: Ports<'_>,
        call: &Call,
    ) -> Result<ServerMessage, Unavailable> {
        let user_id = if decisions::needs_user(&message) {
            self.user_of(connection_id, ports, call).await?
        } else {
            None
        };
        let decision = decisions::on_message(
            message,
            &MessageFacts {
                user_id: user_id.as_deref(),
                recent: &self.memory().recent,
                now: &now(),
            },
        );
        match decision {
            OnMessage::Answer(answer) => Ok(answer),
            OnMessage::Publish {
                broadcast,
                ack,
                key,
            } => {
                ports.broadcaster.publish(&broadcast, call.deadline).await?;
                if let Some(key) = key {
                    self.memory().recent.insert(key);
                }
                Ok(ack)
            }
            OnMessage::Leave { ack } => {
                self.leave(connection_id, ports, call).await?;
                Ok(ack)
            }
        }
    }

    /// A WebSocket is gone; nobody waits for the answer.
    pub async fn disconnect(&self, connection_id: &str, ports: Ports<'_>, call: &Call) -> Reply {
        if let Err(error) = self.leave(connection_id, ports, call).await {
            self.tell(&error, call, "a gone connection keeps its row for a day");
        }
        Reply::done()
    }

    async fn leave(
        &self,
        connection_id: &str,
        ports: Ports<'_>,
        call: &Call,
    ) -> Result<(), Unavailable> {
        self.memory().users.remove(connection_id);
        let deleted = ports.store.leave(connection_id, call.part(2)).await?;
        if let Some(left) = decisions::on_disconnect(deleted, &now())
            && let Err(error) = ports.broadcaster.publish(&left, call.deadline).await
        {
            // The row is gone, so sending DISCONNECT again would not help.
            self.tell(&error, call, "others don't learn that a user left");
        }
        Ok(())
    }

    async fn user_of(
        &self,
        connection_id: &str,
        ports: Ports<'_>,
        call: &Call,
    ) -> Result<Option<String>, Unavailable> {
        if let Some(user_id) = self.known_user(connection_id) {
            return Ok(Some(user_id));
        }
        let user_id = ports.store.user_of(connection_id, call.part(2)).await?;
        if let Some(user_id) = &user_id {
            self.remember_user(connection_id, user_id);
        }
        Ok(user_id)
    }

    fn known_user(&self, connection_id: &str) -> Option<String> {
        let memory = self.memory();
        let known = memory.users.get(connection_id)?;
        (Instant::now() < known.until).then(|| known.user_id.clone())
    }

    fn remember_user(&self, connection_id: &str, user_id: &str) {
        let users = &mut self.memory().users;
        // All at once: the rows answer again, and a list of what came last
        // would cost more than that.
        if users.len() >= REMEMBERED_USERS {
            users.clear();
        }
        let known = Known {
            user_id: user_id.to_owned(),
            until: Instant::now() + USER_KNOWN_FOR,
        };
        users.insert(connection_id.to_owned(), known);
    }

    /// No code panics while it holds the lock, and if it did, the memory would
    /// still only be a cache.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, error: &Unavailable, call: &Call, message: &str) {
        let fields = json!({ "error": error.to_string(), "requestId": call.request_id });
        self.log.error(message, fields);
    }
}

/// The time as messages carry it: RFC 3339, UTC, milliseconds.
#[must_use]
pub fn now() -> String {
    let now = Timestamp::now();
    format!("{now:.3}")
}

/// A name for a client that gave none; 48 random bits, since a namesake would
/// replace its connection.
fn guest() -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("guest-{}", &random[..12])
}

fn message_id(message: &ClientMessage) -> Option<String> {
    match message {
        ClientMessage::Send { id, .. } | ClientMessage::Ping { id } => id.clone(),
        ClientMessage::Disconnect => None,
    }
}

#[cfg(test)]
mod fakes;
#[cfg(test)]
mod panics;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
