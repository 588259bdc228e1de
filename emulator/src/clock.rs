//! The emulated cloud's clock: real time plus what a test has advanced it by.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::store::{StateError, Store};

/// Where the offset is kept.
const AHEAD: &str = "clock-ahead";

/// Tells the time; clones share one offset.
#[derive(Debug, Clone)]
pub struct Clock {
    ahead: Arc<watch::Sender<Duration>>,
    store: Store,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            ahead: Arc::new(watch::Sender::new(Duration::ZERO)),
            store: Store::default(),
        }
    }
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
            ahead: Arc::new(watch::Sender::new(ahead)),
            store: store.clone(),
        })
    }

    /// Now, with what was advanced. It stops at the last moment that a timestamp
    /// can tell, at the end of the year 9999: it never goes back.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.ahead()).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock forward: tokens expire, rows age, instances of functions
    /// have been idle for longer, triggers try again, sockets grow old. What goes
    /// by real time, such as timeouts of calls, doesn't notice.
    pub fn advance(&self, by: Duration) {
        self.ahead.send_modify(|ahead| {
            *ahead = ahead.saturating_add(by);
            self.store.keep(AHEAD, ahead);
        });
    }

    /// How far ahead of real time the clock is.
    #[must_use]
    pub fn ahead(&self) -> SignedDuration {
        SignedDuration::try_from(*self.ahead.borrow()).unwrap_or(SignedDuration::MAX)
    }

    /// Waits until this clock says so.
    pub async fn reaches(&self, due: Timestamp) {
        let mut moved = self.ahead.subscribe();
        loop {
            moved.borrow_and_update();
            let left = Duration::try_from(due.duration_since(self.now()));
            let Some(left) = left.ok().filter(|left| !left.is_zero()) else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                // This clock is one of its senders.
                _ = moved.changed() => {}
            }
        }
    }

    /// Waits until so much time has gone by on this clock.
    pub async fn sleep(&self, duration: Duration) {
        let mut moved = self.ahead.subscribe();
        let (start, ahead) = (Instant::now(), *moved.borrow_and_update());
        loop {
            let advanced = moved.borrow_and_update().saturating_sub(ahead);
            let gone = start.elapsed().saturating_add(advanced);
            let Some(left) = duration.checked_sub(gone).filter(|left| !left.is_zero()) else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep(left) => return,
                // This clock is one of its senders.
                _ = moved.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt;
    use jiff::{SignedDuration, Timestamp};

    use super::Clock;

    #[tokio::test]
    async fn who_sleeps_wakes_when_the_clock_is_advanced_far_enough() {
        let clock = Clock::default();
        clock.advance(Duration::from_hours(1));
        let mut sleeping = Box::pin(clock.sleep(Duration::from_mins(20)));
        assert!(
            sleeping.as_mut().now_or_never().is_none(),
            "all before is past"
        );
        clock.advance(Duration::from_mins(19));
        assert!(sleeping.as_mut().now_or_never().is_none());
        clock.advance(Duration::from_mins(1));
        sleeping.await;
    }

    #[tokio::test]
    async fn a_wait_ends_when_the_clock_is_advanced() {
        let clock = Clock::default();
        let due = clock.now() + SignedDuration::from_hours(1);
        let mut waiting = Box::pin(clock.reaches(due));
        assert_eq!((&mut waiting).now_or_never(), None);
        clock.advance(Duration::from_mins(59));
        assert_eq!((&mut waiting).now_or_never(), None);
        clock.advance(Duration::from_mins(1));
        waiting.await;
        clock.reaches(due).await;
    }

    #[test]
    fn a_clock_that_is_advanced_too_far_stops_at_the_end_of_time() {
        let clock = Clock::default();
        for _ in 0..2 {
            clock.advance(Duration::MAX);
            assert_eq!(clock.now(), Timestamp::MAX);
            assert_eq!(clock.ahead(), SignedDuration::MAX);
        }
    }

    #[tokio::test]
    async fn who_sleeps_wakes_by_real_time_as_well() {
        let (clock, nap) = (Clock::default(), Duration::from_millis(20));
        let start = tokio::time::Instant::now();
        clock.sleep(nap).await;
        assert!(start.elapsed() >= nap);
    }
}
