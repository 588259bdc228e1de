//! The time by which looks are due and lists grow old.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The machine's monotonic time, and ahead of it by as much as a test let pass.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// In milliseconds.
    ahead: AtomicU64,
}

impl Clock {
    pub(crate) fn now(&self) -> Instant {
        Instant::now() + Duration::from_millis(self.ahead.load(Ordering::Relaxed))
    }

    /// Lets time pass; less than a millisecond doesn't.
    pub(crate) fn advance(&self, time: Duration) {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.ahead.fetch_add(time, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_is_let_pass_has_passed() {
        let clock = Clock::default();
        let before = clock.now();
        clock.advance(Duration::from_mins(10));
        clock.advance(Duration::from_mins(10));
        assert!(clock.now() >= before + Duration::from_mins(20));
    }
}
