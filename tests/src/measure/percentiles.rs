//! Percentiles of what was measured, by nearest rank: every answer is a value
//! that was seen.

use std::time::Duration;

/// Measured times, in order of length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sorted(Vec<Duration>);

impl Sorted {
    /// Sorts them.
    #[must_use]
    pub fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The smallest time that at least `percent` of them don't exceed; none
    /// when nothing was measured. Above 100 it is the longest.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Option<Duration> {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).or(self.0.last()).copied()
    }

    /// The middle one, of an even number the lower.
    #[must_use]
    pub fn median(&self) -> Option<Duration> {
        self.percentile(50)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(milliseconds: impl IntoIterator<Item = u64>) -> Sorted {
        Sorted::new(
            milliseconds
                .into_iter()
                .map(Duration::from_millis)
                .collect(),
        )
    }

    #[test]
    fn a_percentile_is_the_value_of_the_nearest_rank() {
        // The example of most textbooks.
        let five = times([50, 15, 20, 40, 35]);
        let expected = [(5, 15), (30, 20), (40, 20), (50, 35), (99, 50), (100, 50)];
        for (percent, milliseconds) in expected {
            let found = five.percentile(percent);
            assert_eq!(
                found,
                Some(Duration::from_millis(milliseconds)),
                "p{percent}"
            );
        }
    }

    #[test]
    fn of_a_hundred_each_percentile_is_its_own_value() {
        let hundred = times((1..=100).rev());
        for percent in 1..=100 {
            let wanted = Duration::from_millis(percent as u64);
            assert_eq!(hundred.percentile(percent), Some(wanted));
        }
    }

    #[test]
    fn the_ends_are_the_shortest_and_the_longest() {
        let three = times([3, 1, 2]);
        assert_eq!(three.count(), 3);
        assert_eq!(three.percentile(0), Some(Duration::from_millis(1)));
        assert_eq!(three.percentile(250), Some(Duration::from_millis(3)));
        assert_eq!(
            times([4, 1]).median(),
            Some(Duration::from_millis(1)),
            "the lower"
        );
        assert_eq!(times([]).median(), None);
    }
}
