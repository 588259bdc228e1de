//! How often a database's schema may be looked at or changed: the quota counts
//! descriptions and lists as well.

use std::collections::VecDeque;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

use super::file::lock;
use crate::ydb::status::YdbError;

/// What a budget is for.
pub(super) const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What was done in the last day, and how much may be.
pub(super) struct SchemaBudget {
    a_day: u64,
    spent: Mutex<VecDeque<Timestamp>>,
}

impl SchemaBudget {
    /// Some were spent already, the oldest one first.
    pub(super) fn new(a_day: u64, spent: Vec<Timestamp>) -> Self {
        Self {
            a_day,
            spent: Mutex::new(spent.into()),
        }
    }

    /// Takes one operation, unless a day's are used up. That the day slides is
    /// a guess: the documents give a number only.
    pub(super) fn spend(&self, now: Timestamp) -> Result<(), YdbError> {
        let mut spent = lock(&self.spent);
        while spent
            .front()
            .is_some_and(|at| now.duration_since(*at) >= DAY)
        {
            spent.pop_front();
        }
        if u64::try_from(spent.len()).is_ok_and(|used| used < self.a_day) {
            spent.push_back(now);
            return Ok(());
        }
        Err(YdbError::too_many_schema_operations(self.a_day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_later_there_is_room_again() {
        let budget = SchemaBudget::new(2, Vec::new());
        let start = Timestamp::UNIX_EPOCH;
        let later = |hours| start + SignedDuration::from_hours(hours);
        assert!(budget.spend(start).is_ok());
        assert!(budget.spend(later(1)).is_ok());
        assert!(budget.spend(later(23)).is_err());
        assert!(budget.spend(later(24)).is_ok());
        assert!(budget.spend(later(24)).is_err());
    }
}
