//! The outside, in memory, with failures on request.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::SystemTime;

use async_trait::async_trait;
use tokio::time::Instant;
use wschat_protocol::ServerMessage;

use super::Ports;
use crate::ports::{
    Broadcaster, ConnectionError, ConnectionStore, Connections, OldConnection, Unavailable,
};

/// What happened outside, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Did {
    Published(String),
    Sent(String, String),
    Closed(String),
    Looked(String),
}

/// What the store does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Store {
    #[default]
    Fine,
    Down,
    /// A row is written, and the answer doesn't come.
    JoinAnswerLost,
    /// Only looks at rows fail.
    LooksFail,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) rows: BTreeMap<String, (String, Option<SystemTime>)>,
    pub(crate) did: Vec<Did>,
    pub(crate) store: Store,
    pub(crate) topic_down: bool,
    /// Sends to any connection find nothing this many times.
    pub(crate) not_found: usize,
    /// A newer connection of the same user takes over in this moment.
    pub(crate) steal_on_publish: bool,
}

#[derive(Default)]
pub(crate) struct Outside(Mutex<State>);

impl Outside {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn ports(&self) -> Ports<'_> {
        Ports {
            store: self,
            broadcaster: self,
            connections: self,
        }
    }

    /// What happened since the last question, without looks at the store.
    pub(crate) fn did(&self) -> Vec<Did> {
        let mut did = std::mem::take(&mut self.state().did);
        did.retain(|did| !matches!(did, Did::Looked(_)));
        did
    }

    pub(crate) fn looks(&self) -> usize {
        let did = &self.state().did;
        did.iter()
            .filter(|did| matches!(did, Did::Looked(_)))
            .count()
    }
}

fn down() -> Unavailable {
    Unavailable {
        what: "test",
        why: "down".into(),
    }
}

#[async_trait]
impl ConnectionStore for Outside {
    async fn join(
        &self,
        connection_id: &str,
        user_id: &str,
        _: Instant,
    ) -> Result<Vec<OldConnection>, Unavailable> {
        let mut state = self.state();
        if state.store == Store::Down {
            return Err(down());
        }
        let (old, kept): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut state.rows)
            .into_iter()
            .partition(|(_, (user, _))| user == user_id);
        state.rows = kept;
        let row = (user_id.to_owned(), Some(SystemTime::now()));
        state.rows.insert(connection_id.to_owned(), row);
        if state.store == Store::JoinAnswerLost {
            return Err(down());
        }
        Ok(old
            .into_iter()
            .map(|(connection_id, (_, connected_at))| OldConnection {
                connection_id,
                connected_at,
            })
            .collect())
    }

    async fn user_of(
        &self,
        connection_id: &str,
        _: Instant,
    ) -> Result<Option<String>, Unavailable> {
        let mut state = self.state();
        if matches!(state.store, Store::Down | Store::LooksFail) {
            return Err(down());
        }
        state.did.push(Did::Looked(connection_id.to_owned()));
        Ok(state.rows.get(connection_id).map(|(user, _)| user.clone()))
    }

    async fn leave(&self, connection_id: &str, _: Instant) -> Result<Option<String>, Unavailable> {
        let mut state = self.state();
        if state.store == Store::Down {
            return Err(down());
        }
        Ok(state.rows.remove(connection_id).map(|(user, _)| user))
    }

    async fn check(&self, _: Instant) -> Result<(), Unavailable> {
        Ok(())
    }
}

#[async_trait]
impl Broadcaster for Outside {
    async fn publish(&self, message: &ServerMessage, _: Instant) -> Result<(), Unavailable> {
        let mut state = self.state();
        if state.topic_down {
            return Err(down());
        }
        if state.steal_on_publish {
            state.rows.clear();
        }
        let words = match message {
            ServerMessage::Broadcast {
                user_id, content, ..
            } => format!("{user_id}: {content}"),
            ServerMessage::UserJoined { user_id, .. } => format!("+{user_id}"),
            ServerMessage::UserLeft { user_id, .. } => format!("-{user_id}"),
            other => format!("{other:?}"),
        };
        state.did.push(Did::Published(words));
        Ok(())
    }

    async fn check(&self, _: Instant) -> Result<(), Unavailable> {
        Ok(())
    }
}

#[async_trait]
impl Connections for Outside {
    async fn send(
        &self,
        connection_id: &str,
        message: &ServerMessage,
        _: Instant,
    ) -> Result<(), ConnectionError> {
        let mut state = self.state();
        if state.not_found > 0 {
            state.not_found -= 1;
            return Err(ConnectionError::NotFound);
        }
        let ServerMessage::Error { code, .. } = message else {
            panic!("only errors are sent to one client: {message:?}");
        };
        let sent = Did::Sent(connection_id.to_owned(), code.to_string());
        state.did.push(sent);
        Ok(())
    }

    async fn close(&self, connection_id: &str, _: Instant) -> Result<(), ConnectionError> {
        self.state().did.push(Did::Closed(connection_id.to_owned()));
        Ok(())
    }
}
