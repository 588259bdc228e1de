//! What breaks calls and connections, as `/_emulator/` takes it.

use serde::{Deserialize, Serialize};

/// A rule that breaks calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// HTTP method, or `GRPC`.
    pub method: String,
    /// Path, `*` for anything.
    pub path: String,
    /// Service account that calls; anybody when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<String>,
    /// Which matching call is the first to break, from 1.
    pub nth: u32,
    /// How many calls break.
    pub times: u32,
    /// Before or after the call has its effect.
    pub phase: Phase,
    /// What happens to it.
    pub action: Action,
}

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The call has no effect.
    Before,
    /// The call has its effect, and its answer suffers.
    After,
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// No answer until faults are removed.
    Hang {},
    /// This HTTP status.
    Status(u16),
    /// An answer so many milliseconds later.
    DelayMs(u64),
    /// The connection breaks.
    Cut {},
}

/// How connections die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The client learns of it at once.
    Reset,
    /// Nothing comes any more, and nobody says so.
    Silence,
}

impl Fault {
    /// Breaks the first matching call, once.
    #[must_use]
    pub fn once(method: &str, path: &str, phase: Phase, action: Action) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            subject: None,
            nth: 1,
            times: 1,
            phase,
            action,
        }
    }
}
