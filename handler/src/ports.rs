//! What the chat needs from the outside. The adapters are in `store`, `topic`
//! and `connections`; tests bring their own.
//!
//! Every call has a `deadline`, after which it has failed.

use std::time::SystemTime;

use async_trait::async_trait;
use tokio::time::Instant;
use wschat_protocol::ServerMessage;

/// Something outside didn't do it, or not in time; whether it was done is
/// unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Unavailable {
    /// What was tried.
    pub what: &'static str,
    /// What came of it.
    pub why: String,
}

/// A connection whose row was deleted because its user connected anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldConnection {
    /// Which one.
    pub connection_id: String,
    /// When its row was written, where that is known.
    pub connected_at: Option<SystemTime>,
}

/// Who is connected: the table `connections`.
#[async_trait]
pub trait ConnectionStore: Send + Sync {
    /// In one serialisable transaction: deletes the rows of this user, writes
    /// the new one, returns those that were deleted.
    async fn join(
        &self,
        connection_id: &str,
        user_id: &str,
        deadline: Instant,
    ) -> Result<Vec<OldConnection>, Unavailable>;

    /// Whose connection it is.
    async fn user_of(
        &self,
        connection_id: &str,
        deadline: Instant,
    ) -> Result<Option<String>, Unavailable>;

    /// Deletes the connection's row. Returns its user exactly when this call
    /// deleted it.
    async fn leave(
        &self,
        connection_id: &str,
        deadline: Instant,
    ) -> Result<Option<String>, Unavailable>;

    /// Whether the table can be read.
    async fn check(&self, deadline: Instant) -> Result<(), Unavailable>;
}

/// Tells everybody: the topic that the trigger broadcasts.
#[async_trait]
pub trait Broadcaster: Send + Sync {
    /// Returns when the topic has acknowledged the message. After an error it
    /// may still be published.
    async fn publish(&self, message: &ServerMessage, deadline: Instant) -> Result<(), Unavailable>;

    /// Whether the topic can be written to, without writing.
    async fn check(&self, deadline: Instant) -> Result<(), Unavailable>;
}

/// Why a connection wasn't reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// There is no such connection: gone already, or its handshake isn't done.
    #[error("no such connection")]
    NotFound,
    /// The connection API didn't do it.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Single connections: the gateway's connection API.
#[async_trait]
pub trait Connections: Send + Sync {
    /// Sends a text frame to one client.
    async fn send(
        &self,
        connection_id: &str,
        message: &ServerMessage,
        deadline: Instant,
    ) -> Result<(), ConnectionError>;

    /// Closes one connection.
    async fn close(&self, connection_id: &str, deadline: Instant) -> Result<(), ConnectionError>;
}
