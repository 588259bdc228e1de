//! The emulated cloud's clock: real time plus what a test has advanced it by.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Tells the time; clones share one offset.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    ahead_millis: Arc<AtomicI64>,
}

impl Clock {
    /// Now, with what was advanced.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead_millis.load(Ordering::Relaxed));
        let now = Timestamp::now();
        now.checked_add(ahead).unwrap_or(now)
    }

    /// Moves the clock forward: tokens expire, rows age. Timers don't fire earlier.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.ahead_millis.fetch_add(millis, Ordering::Relaxed);
    }

    /// How far ahead of real time the clock is.
    #[must_use]
    pub fn ahead(&self) -> SignedDuration {
        SignedDuration::from_millis(self.ahead_millis.load(Ordering::Relaxed))
    }
}
