//! The emulated cloud's clock: real time plus what a test has advanced it by.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// Tells the time; clones share one offset.
#[derive(Debug, Clone)]
pub struct Clock {
    ahead_millis: watch::Sender<i64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            ahead_millis: watch::Sender::new(0),
        }
    }
}

impl Clock {
    /// Now, with what was advanced.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.ahead()).unwrap_or(now)
    }

    /// Moves the clock forward: tokens expire, rows age, sockets grow old.
    /// Other timers don't fire earlier.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.ahead_millis
            .send_modify(|ahead| *ahead = ahead.saturating_add(millis));
    }

    /// How far ahead of real time the clock is.
    #[must_use]
    pub fn ahead(&self) -> SignedDuration {
        SignedDuration::from_millis(*self.ahead_millis.borrow())
    }

    /// Waits until this clock says so, also when it is advanced meanwhile.
    pub async fn reaches(&self, due: Timestamp) {
        let mut ahead = self.ahead_millis.subscribe();
        loop {
            ahead.borrow_and_update();
            let Ok(left) = Duration::try_from(due.duration_since(self.now())) else {
                return;
            };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                // The sender is this clock's: it is there.
                _changed = ahead.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt;
    use jiff::SignedDuration;

    use super::Clock;

    #[tokio::test]
    async fn a_wait_ends_when_the_clock_is_advanced() {
        let clock = Clock::default();
        let due = clock.now() + SignedDuration::from_hours(1);
        let mut waiting = Box::pin(clock.reaches(due));
        assert_eq!((&mut waiting).now_or_never(), None);
        clock.clone().advance(Duration::from_mins(59));
        assert_eq!((&mut waiting).now_or_never(), None);
        clock.advance(Duration::from_mins(1));
        waiting.await;
        clock.reaches(due).await;
    }
}
