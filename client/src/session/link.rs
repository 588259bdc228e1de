//! The state of the connection.

use std::time::{Duration, Instant};

use super::ending::Ending;

/// Between two pings.
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long the peer may take to show a sign of life.
const PONG_WITHIN: Duration = Duration::from_secs(10);
/// The gateway ends a connection after 60 minutes; we renew it at a calm moment
/// between these two ages (Yandex Cloud, "WebSocket in API Gateway").
const RENEW_FROM: Duration = Duration::from_mins(50);
const RENEW_SPREAD: Duration = Duration::from_mins(8);
/// A connection of this age was stable.
const STABLE: Duration = Duration::from_mins(1);

/// The connection.
#[derive(Debug)]
pub(crate) enum Link {
    /// Not yet, or not at this moment.
    Down,
    /// Never again.
    Over,
    /// An attempt is under way.
    Connecting,
    /// It works, as far as we know.
    Up(Up),
    /// Until the next attempt.
    Waiting { until: Instant },
    /// Our close frame is sent; the peer has until then to answer.
    Closing { until: Instant, then: Then },
}

/// What follows a close.
#[derive(Debug, Clone)]
pub(crate) enum Then {
    /// The end.
    End(Ending),
    /// A fresh connection in place of an old one.
    Renew,
    /// Another attempt, at the pace of broken connections.
    Retry(String),
}

/// A connection that works.
#[derive(Debug)]
pub(crate) struct Up {
    since: Instant,
    ping_at: Instant,
    pong_by: Option<Instant>,
    renew_at: Instant,
}

impl Up {
    /// `fraction`: a random number of 0 to 1.
    pub(crate) fn new(now: Instant, fraction: f64) -> Self {
        Self {
            since: now,
            ping_at: now + PING_EVERY,
            pong_by: None,
            renew_at: now + RENEW_FROM + RENEW_SPREAD.mul_f64(fraction.clamp(0.0, 1.0)),
        }
    }

    /// Something came from the peer.
    pub(crate) fn alive(&mut self) {
        self.pong_by = None;
    }

    /// Whether the peer has been silent for too long.
    pub(crate) fn is_dead(&self, now: Instant) -> bool {
        self.pong_by.is_some_and(|by| by <= now)
    }

    /// Whether a ping is due; notes that it is sent.
    pub(crate) fn ping(&mut self, now: Instant) -> bool {
        if self.ping_at > now {
            return false;
        }
        self.ping_at = now + PING_EVERY;
        self.pong_by.get_or_insert(now + PONG_WITHIN);
        true
    }

    /// Whether the connection is old enough to be renewed.
    pub(crate) fn is_old(&self, now: Instant) -> bool {
        self.renew_at <= now
    }

    /// Whether it lived long enough to forget earlier failures.
    pub(crate) fn was_stable(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= STABLE
    }

    /// When something is due; renewal only counts while the user is idle.
    pub(crate) fn deadline(&self, idle: bool) -> Instant {
        let renew = idle.then_some(self.renew_at);
        [self.pong_by, renew]
            .into_iter()
            .flatten()
            .fold(self.ping_at, Instant::min)
    }
}
