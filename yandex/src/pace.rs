//! How many calls a client makes: a bucket of tokens for each service, so that a
//! program with much to do doesn't use up what the cloud allows to others.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::endpoint::Service;

/// How often a service may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Calls a second, in the long run; at least 1.
    pub per_second: u32,
    /// Calls at once, after a pause.
    pub burst: u32,
}

/// Who is told how long calls wait.
#[derive(Clone)]
pub(crate) struct WaitWatch(Arc<dyn Fn(Duration) + Send + Sync>);

impl WaitWatch {
    pub(crate) fn new(told: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }

    pub(crate) fn tell(&self, wait: Duration) {
        (self.0)(wait);
    }
}

impl fmt::Debug for WaitWatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WaitWatch")
    }
}

/// The buckets of one client.
#[derive(Debug)]
pub(crate) struct Pace {
    rate: Option<Rate>,
    /// When each service's bucket is full again.
    buckets: Mutex<HashMap<Service, Instant>>,
}

impl Pace {
    /// Without a rate, nobody waits.
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        Self {
            rate,
            buckets: Mutex::default(),
        }
    }

    /// The same rate, and full buckets.
    pub(crate) fn anew(&self) -> Self {
        Self::new(self.rate)
    }

    /// Takes a token for a call at `now`: how long until it is there.
    pub(crate) fn take(&self, service: Service, now: Instant) -> Duration {
        let Some(rate) = self.rate else {
            return Duration::ZERO;
        };
        let each = Duration::from_secs(1) / rate.per_second.max(1);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(service).or_insert(now);
        *bucket = (*bucket).max(now) + each;
        let filled = bucket.saturating_duration_since(now);
        filled.saturating_sub(each * rate.burst.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_more_comes_at_the_rate() {
        let pace = Pace::new(Some(Rate {
            per_second: 10,
            burst: 3,
        }));
        let now = Instant::now();
        let waits: Vec<u128> = [(); 5]
            .map(|()| pace.take(Service::Iam, now).as_millis())
            .into();
        assert_eq!(waits, [0, 0, 0, 100, 200]);
        assert_eq!(pace.take(Service::Ydb, now), Duration::ZERO, "its own");
        let other = pace.anew();
        assert_eq!(other.take(Service::Iam, now), Duration::ZERO, "its own");
        let later = now + Duration::from_secs(1);
        assert_eq!(pace.take(Service::Iam, later), Duration::ZERO);
    }

    #[test]
    fn without_a_rate_nobody_waits() {
        let (pace, now) = (Pace::new(None), Instant::now());
        for _ in 0..100 {
            assert_eq!(pace.take(Service::Iam, now), Duration::ZERO);
        }
    }
}
