//! Why a session ended, and why a connection didn't come about.

use thiserror::Error;

use crate::exit::Exit;
use crate::outgoing::TooLarge;

/// A connection that didn't come about.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    /// DNS, TCP, TLS, or no answer in time.
    #[error("{0}")]
    Unreachable(String),
    /// 401 or 403.
    #[error("the server refused the connection (HTTP {0})")]
    Denied(u16),
    /// 409: the name was taken over while we connected.
    #[error("somebody else connected under the same name at the same time")]
    Taken,
    /// 429 or 5xx: later, perhaps.
    #[error("the chat is busy or starting (HTTP {0})")]
    Busy(u16),
    /// Another answer: this isn't a chat, or not any more.
    #[error("there is no chat at this address (HTTP {0})")]
    NoChat(u16),
    /// The peer doesn't speak WebSocket.
    #[error("the server doesn't speak the WebSocket protocol: {0}")]
    Protocol(String),
}

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Ending {
    /// As the user wished.
    #[error("bye")]
    Clean,
    /// Another client took the name.
    #[error("another client connected under the same name; this one ends")]
    Replaced,
    /// The connection broke and isn't tried again.
    #[error("disconnected: {0}")]
    Lost(String),
    /// It never came back.
    #[error("disconnected; gave up reconnecting: {0}")]
    GaveUp(String),
    /// It never came about.
    #[error("{0}")]
    Refused(Refusal),
    /// A message went without acknowledgement.
    #[error("not acknowledged: {0}")]
    NotAcknowledged(String),
    /// The server refused a message.
    #[error("the server refused a message: {0}")]
    Rejected(String),
    /// A message was too large to be sent.
    #[error("{0}")]
    TooLarge(TooLarge),
    /// Standard input can't be read.
    #[error("can't read standard input: {0}")]
    Input(String),
    /// Standard output can't be written.
    #[error("can't write the output: {0}")]
    Output(String),
    /// SIGINT.
    #[error("interrupted")]
    Interrupted,
    /// SIGTERM.
    #[error("terminated")]
    Terminated,
}

impl Ending {
    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Clean => Exit::Clean,
            Self::Replaced | Self::Lost(_) | Self::GaveUp(_) => Exit::Disconnected,
            Self::Refused(refusal) => match refusal {
                Refusal::Unreachable(_) => Exit::Unreachable,
                Refusal::Denied(_) => Exit::Denied,
                Refusal::Taken | Refusal::Busy(_) => Exit::Disconnected,
                Refusal::NoChat(_) | Refusal::Protocol(_) => Exit::Protocol,
            },
            Self::NotAcknowledged(_) => Exit::NotAcknowledged,
            Self::Rejected(_) | Self::TooLarge(_) => Exit::Protocol,
            Self::Input(_) | Self::Output(_) => Exit::Unexpected,
            Self::Interrupted => Exit::Interrupted,
            Self::Terminated => Exit::Terminated,
        }
    }

    /// Whether the user knows why already.
    pub(crate) fn goes_without_saying(&self) -> bool {
        matches!(self, Self::Clean | Self::Interrupted | Self::Terminated)
    }
}
