//! Limits of gateways, and choices where the cloud's documents are silent.

use std::time::Duration;

/// How gateways treat their sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewaySettings {
    /// Longest time without a message or ping from the client. Default 10 min,
    /// documented.
    pub idle_limit: Duration,
    /// Longest life of a socket. Default 60 min, documented.
    pub lifetime: Duration,
    /// Frames that may wait for a client that doesn't read; one more ends its
    /// socket. Default 1,024, a guess.
    pub queue: usize,
    /// Whether a CONNECT reply's body is the first message that the client
    /// gets. Default true, a guess.
    pub connect_body_is_delivered: bool,
    /// Whether the client of a MESSAGE whose function failed gets the error's
    /// body. Default true, a guess; false sends nothing.
    pub failures_are_told: bool,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            idle_limit: Duration::from_mins(10),
            lifetime: Duration::from_hours(1),
            queue: 1024,
            connect_body_is_delivered: true,
            failures_are_told: true,
        }
    }
}
