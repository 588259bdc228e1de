//! Who comes and goes. Clients reconnect every hour or so; somebody who leaves
//! and is back at once was never away.

use std::time::{Duration, Instant};

/// How long a departure is held back.
const HOLD: Duration = Duration::from_secs(3);

/// A departure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Departure {
    /// Who.
    pub(crate) user: String,
    /// When, as the server says.
    pub(crate) at: String,
}

/// Departures that aren't told yet.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    leaving: Vec<(Departure, Instant)>,
}

impl Presence {
    pub(crate) fn left(&mut self, departure: Departure, now: Instant) {
        self.leaving.push((departure, now + HOLD));
    }

    /// Whether the arrival is news.
    pub(crate) fn joined(&mut self, user: &str) -> bool {
        let before = self.leaving.len();
        self.leaving.retain(|(departure, _)| departure.user != user);
        self.leaving.len() == before
    }

    /// Those who didn't come back in time.
    pub(crate) fn gone(&mut self, now: Instant) -> Vec<Departure> {
        let is_due = |(_, due): &mut (Departure, Instant)| *due <= now;
        self.leaving
            .extract_if(.., is_due)
            .map(|(departure, _)| departure)
            .collect()
    }

    /// When the next departure is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.leaving.iter().map(|(_, due)| *due).min()
    }
}
