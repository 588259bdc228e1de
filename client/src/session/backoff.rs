//! When to try again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// Exponential delays with full jitter: a crowd that lost its server at once
/// doesn't come back at once.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The next delay; `fraction` is a random number of 0 to 1.
    pub(crate) fn next(&mut self, fraction: f64) -> Duration {
        let ceiling = FIRST
            .saturating_mul(2_u32.saturating_pow(self.attempts))
            .min(LONGEST);
        self.attempts = self.attempts.saturating_add(1);
        ceiling.mul_f64(fraction.clamp(0.0, 1.0))
    }

    /// How many delays there were since the last reset.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The connection was stable: start over.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_limit() {
        let mut backoff = Backoff::default();
        let delays: Vec<f64> = (0..8).map(|_| backoff.next(1.0).as_secs_f64()).collect();
        assert_eq!(delays, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        backoff.reset();
        assert_eq!(backoff.next(0.5), Duration::from_millis(250));
    }
}
