//! The emulated cloud's clock: real time plus what a test has advanced it by.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::store::{StateError, Store};

/// Where the offset is kept.
const AHEAD: &str = "clock-ahead-millis";

/// Tells the time; clones share one offset.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    ahead_millis: Arc<AtomicI64>,
    store: Store,
}

impl Clock {
    /// A clock that is as far ahead as the store says, and remembers there what
    /// it is advanced by.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn load(store: &Store) -> Result<Self, StateError> {
        let ahead = store.kept(AHEAD)?.unwrap_or_default();
        Ok(Self {
            ahead_millis: Arc::new(AtomicI64::new(ahead)),
            store: store.clone(),
        })
    }

    /// Now, with what was advanced.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.ahead()).unwrap_or(now)
    }

    /// Moves the clock forward: tokens expire, rows age. Timers don't fire earlier.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let before = self.ahead_millis.fetch_add(millis, Ordering::Relaxed);
        self.store.keep(AHEAD, &before.wrapping_add(millis));
    }

    /// How far ahead of real time the clock is.
    #[must_use]
    pub fn ahead(&self) -> SignedDuration {
        SignedDuration::from_millis(self.ahead_millis.load(Ordering::Relaxed))
    }
}
