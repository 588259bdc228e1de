//! When an object is looked at again: how long a failing one waits, and that a
//! waiting one isn't looked at earlier just because its own status changed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Class;

/// How much longer than twice its delay a failure is remembered: what is begun
/// anew after it may need as long to fail again.
const MEMORY: Duration = Duration::from_secs(10);

/// The schedule of all objects, by UID.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    entries: Mutex<HashMap<String, Entry>>,
}

#[derive(Debug)]
struct Entry {
    failures: Failures,
    /// The generation that was looked at. Deleting an object raises it too.
    generation: i64,
    due: Instant,
    /// Something outside of it changed since the last look began.
    outdated: bool,
}

/// Failures in a row.
#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    count: u32,
    /// Until when what is under way doesn't make them be forgotten.
    remembered: Option<Instant>,
}

impl Schedule {
    /// How long the object has still to wait; nothing if it is due, or if its
    /// spec changed since.
    pub(crate) fn wait(&self, uid: &str, generation: i64, now: Instant) -> Option<Duration> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries
            .get(uid)
            .filter(|entry| entry.generation == generation)?;
        Some(entry.due.checked_duration_since(now)?).filter(|wait| !wait.is_zero())
    }

    /// Notes that a look begins: it sees what changed until now.
    pub(crate) fn begins(&self, uid: &str) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(uid) {
            entry.outdated = false;
        }
    }

    /// Something outside of the object changed: it is due, and so it is once more
    /// after a look that is under way.
    pub(crate) fn outdate(&self, uid: &str, now: Instant) {
        let entry = Entry {
            failures: Failures::default(),
            // That of no object.
            generation: 0,
            due: now,
            outdated: true,
        };
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(uid.to_owned(), entry);
    }

    /// Notes that the object was looked at, that something is under way, and that
    /// it wants to be looked at again after `again`; answers when it is. What fails
    /// whenever it has been begun isn't begun more often for that.
    pub(crate) fn progressed(
        &self,
        uid: &str,
        generation: i64,
        again: Duration,
        now: Instant,
    ) -> Duration {
        let failures = self.failures(uid, generation);
        let counts = failures.remembered.is_some_and(|until| now < until);
        let failures = if counts {
            failures
        } else {
            Failures::default()
        };
        self.set(uid, failures, generation, again, now)
    }

    /// The same, when nothing is left to be done.
    pub(crate) fn rests(
        &self,
        uid: &str,
        generation: i64,
        again: Duration,
        now: Instant,
    ) -> Duration {
        self.set(uid, Failures::default(), generation, again, now)
    }

    /// Notes a failure and answers how long to wait.
    pub(crate) fn failed(
        &self,
        uid: &str,
        generation: i64,
        class: Class,
        now: Instant,
    ) -> Duration {
        let count = self.failures(uid, generation).count;
        let again = jittered(delay(class, count), rand::random());
        let failures = Failures {
            count: count.saturating_add(1),
            remembered: Some(now + again * 2 + MEMORY),
        };
        self.set(uid, failures, generation, again, now)
    }

    /// Those of this generation.
    fn failures(&self, uid: &str, generation: i64) -> Failures {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let known = entries
            .get(uid)
            .filter(|entry| entry.generation == generation);
        known.map_or_else(Failures::default, |entry| entry.failures)
    }

    /// All objects that have been looked at.
    pub(crate) fn uids(&self) -> Vec<String> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.keys().cloned().collect()
    }

    /// Forgets an object that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(uid);
    }

    fn set(
        &self,
        uid: &str,
        failures: Failures,
        generation: i64,
        again: Duration,
        now: Instant,
    ) -> Duration {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let outdated = entries.get(uid).is_some_and(|entry| entry.outdated);
        let again = if outdated { Duration::ZERO } else { again };
        let entry = Entry {
            failures,
            generation,
            due: now + again,
            outdated,
        };
        entries.insert(uid.to_owned(), entry);
        again
    }
}

/// The delay after `failures` earlier failures in a row, without jitter.
fn delay(class: Class, failures: u32) -> Duration {
    let (first, most) = match class {
        Class::Transient => (Duration::from_millis(500), Duration::from_mins(1)),
        // Nothing in Kubernetes changes when somebody grants a role or raises
        // a quota, so the cloud has to be asked.
        Class::Waiting => (Duration::from_secs(2), Duration::from_secs(30)),
        Class::Terminal => (Duration::from_secs(30), Duration::from_mins(10)),
    };
    first.saturating_mul(1_u32 << failures.min(16)).min(most)
}

/// Between 75 % and 100 % of `delay`, so that many objects that failed
/// together don't come back together. `chance` is any number.
fn jittered(delay: Duration, chance: u8) -> Duration {
    delay.mul_f64(1.0 - 0.25 * f64::from(chance) / 255.0)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn delays_grow_and_are_capped() {
        assert_eq!(delay(Class::Transient, 0), Duration::from_millis(500));
        assert_eq!(delay(Class::Transient, 3), Duration::from_secs(4));
        assert_eq!(delay(Class::Transient, 60), Duration::from_mins(1));
        assert_eq!(delay(Class::Waiting, 60), Duration::from_secs(30));
        assert!(delay(Class::Terminal, 0) > delay(Class::Waiting, 0));
    }

    #[test]
    fn jitter_only_shortens() {
        let whole = Duration::from_secs(4);
        assert_eq!(jittered(whole, 0), whole);
        assert_eq!(jittered(whole, 255), Duration::from_secs(3));
    }

    #[test]
    fn a_failing_object_waits_until_its_spec_changes() {
        let (schedule, now) = (Schedule::default(), Instant::now());
        let first = schedule.failed("uid", 1, Class::Waiting, now);
        assert_eq!(schedule.wait("uid", 1, now), Some(first));
        assert_eq!(schedule.wait("uid", 2, now), None, "the spec changed");
        assert_eq!(schedule.wait("uid", 1, now + first), None, "due");
        let second = schedule.failed("uid", 1, Class::Waiting, now);
        assert!(second > first, "{second:?}");
    }

    #[test]
    fn what_changes_during_a_look_is_looked_at_after_it() {
        let (schedule, now) = (Schedule::default(), Instant::now());
        let long = Duration::from_mins(10);
        assert_eq!(schedule.progressed("uid", 1, long, now), long);
        schedule.outdate("uid", now);
        assert_eq!(schedule.wait("uid", 1, now), None, "due at once");
        schedule.begins("uid");
        schedule.outdate("uid", now);
        assert_eq!(schedule.progressed("uid", 1, long, now), Duration::ZERO);
        assert_eq!(schedule.wait("uid", 1, now), None, "due once more");
        schedule.begins("uid");
        assert_eq!(schedule.progressed("uid", 1, long, now), long);
        assert_eq!(schedule.wait("uid", 1, now), Some(long));
    }

    /// Looks at 100 objects, from all at once on: how many seconds later each look
    /// was. They fail until then, and each is through with its first look after it.
    fn looks_while_all_fail(until: Duration) -> Vec<u64> {
        let (schedule, start) = (Schedule::default(), Instant::now());
        let mut due: BTreeSet<(Instant, u8)> = (0..100).map(|object| (start, object)).collect();
        let mut looks = Vec::new();
        while let Some((now, object)) = due.pop_first() {
            looks.push((now - start).as_secs());
            if now < start + until {
                let wait = schedule.failed(&object.to_string(), 1, Class::Transient, now);
                due.insert((now + wait, object));
            }
        }
        looks
    }

    #[test]
    fn a_hundred_that_fail_for_ten_minutes_neither_hammer_nor_come_back_as_a_herd() {
        let looks = looks_while_all_fail(Duration::from_mins(10));
        assert!(looks.len() < 100 * 22, "{} looks", looks.len());
        assert!(
            looks.iter().all(|at| *at <= 660),
            "none waits for more than a minute"
        );
        // From when the delays are as long as they get, and when it is over.
        for seconds in [300..600, 600..660] {
            let mut windows = BTreeMap::new();
            for at in looks.iter().filter(|at| seconds.contains(*at)) {
                *windows.entry(at / 10).or_insert(0) += 1;
            }
            let (all, most): (u64, u64) = windows
                .values()
                .fold((0, 0), |(all, most), looks| (all + looks, most.max(*looks)));
            let ten_seconds = (seconds.end - seconds.start) / 10;
            assert!(
                most * ten_seconds <= 3 * all,
                "{most} of {all} within 10 s of {seconds:?}"
            );
        }
    }

    /// A schedule of an object that failed so often.
    fn failed(times: u32, now: Instant) -> Schedule {
        let schedule = Schedule::default();
        for _ in 0..times {
            schedule.failed("uid", 1, Class::Transient, now);
        }
        schedule
    }

    #[test]
    fn what_is_well_is_tried_soon_when_it_fails_anew() {
        let now = Instant::now();
        let schedule = failed(8, now);
        schedule.rests("uid", 1, Duration::from_mins(10), now);
        let again = schedule.failed("uid", 1, Class::Transient, now);
        assert!(again <= Duration::from_millis(500));
    }

    #[test]
    fn what_fails_whenever_it_has_begun_is_begun_more_and_more_seldom() {
        let (soon, mut now) = (Duration::from_millis(200), Instant::now());
        let schedule = Schedule::default();
        let begun: Vec<Duration> = (0..12)
            .map(|_| {
                let wait = schedule.failed("uid", 1, Class::Transient, now);
                now += wait + schedule.progressed("uid", 1, soon, now + wait);
                wait
            })
            .collect();
        assert!(begun[3] >= Duration::from_secs(3), "{begun:?}");
        assert!(begun[11] >= Duration::from_secs(45), "{begun:?}");
    }

    #[test]
    fn what_went_on_for_long_is_tried_soon_when_it_fails_anew() {
        let now = Instant::now();
        let schedule = failed(3, now);
        schedule.progressed("uid", 1, Duration::from_secs(1), now + MEMORY * 2);
        let again = schedule.failed("uid", 1, Class::Transient, now + MEMORY * 2);
        assert!(again <= Duration::from_millis(500), "{again:?}");
    }
}
