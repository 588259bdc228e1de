//! Connections of WebSocket gateways (proto serverless/apigateway/websocket/v1).

use serde::{Deserialize, Serialize};

/// An open connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Connection {
    /// Up to 50 characters.
    pub id: String,
    /// Whose.
    pub gateway_id: String,
    /// Who is at the other end.
    pub identity: Identity,
    /// RFC 3339.
    pub connected_at: String,
    /// RFC 3339.
    pub last_active_at: String,
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Identity {
    /// An IP address.
    pub source_ip: String,
    /// The handshake's `User-Agent`.
    pub user_agent: String,
}

/// How data goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DataType {
    /// A binary frame.
    #[default]
    Binary,
    /// A text frame.
    Text,
}

/// `POST …/connections/{id}:send`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SendToConnectionRequest {
    /// Base64 of at most 131,072 bytes.
    pub data: String,
    /// Text or binary. What an absent type means isn't documented.
    #[serde(rename = "type")]
    pub kind: DataType,
}
