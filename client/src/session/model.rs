//! What goes into a session, and what comes out.

use std::time::Duration;

use super::ending::{Ending, Refusal};
use crate::outgoing::Outgoing;
use crate::told::Told;

/// What a user decides.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Who we are.
    pub(crate) user_id: String,
    /// How long a message may go without acknowledgement.
    pub(crate) ack_timeout: Duration,
    /// Whether a broken connection is replaced.
    pub(crate) reconnect: bool,
    /// For how long that is tried.
    pub(crate) retry_for: Duration,
    /// Whether the first message that fails ends the session: pipes and scripts.
    pub(crate) strict: bool,
    /// Whether a departure is held back for a moment: for people, not for programs.
    pub(crate) calm: bool,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// Begin.
    Start,
    /// The upgrade succeeded.
    Opened { took: Duration },
    /// The attempt failed.
    Refused(Refusal),
    /// A message came.
    Frame(String),
    /// Some other sign of life.
    Alive,
    /// The connection is gone.
    Lost { code: Option<u16>, why: String },
    /// The user wrote.
    Submit(Outgoing),
    /// The user won't write any more.
    InputEnd,
    /// End now.
    Quit(Ending),
    /// The deadline is over.
    Tick,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Try to connect.
    Connect,
    /// Send a text frame.
    Send(String),
    /// Send a ping frame.
    Ping,
    /// Send a close frame.
    Close,
    /// Forget the connection.
    Drop,
    /// Tell the user.
    Tell(Told),
    /// It is over.
    Finish(Ending),
}
