//! What calls and instances of all functions share: the quotas of a zone
//! (reference §7). The emulator has one zone: the documents say that all calls
//! may end up in the same one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::instance::Instance;

/// Limits of all functions together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls in progress, those that wait for an instance included. Default 10.
    pub calls: usize,
    /// Instances. Default 10.
    pub instances: usize,
    /// Their memory together, in MiB. Default 20 GiB.
    pub memory_mib: u64,
    /// How long an instance without a call lives, by the emulated clock. Default
    /// 10 minutes, a guess: the cloud doesn't promise any time.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: 10,
            instances: 10,
            memory_mib: 20 << 10,
            idle: Duration::from_mins(10),
        }
    }
}

/// Counts calls in progress; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Counter(Arc<AtomicUsize>);

impl Counter {
    /// One more, unless there are as many already.
    pub(super) fn begin(&self, most: usize) -> Option<Counted> {
        let more = |running: usize| (running < most).then_some(running + 1);
        let begun = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        begun.is_ok().then(|| Counted(Arc::clone(&self.0)))
    }
}

/// A call in progress, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[derive(Debug, Default)]
struct Used {
    instances: usize,
    memory_mib: u64,
    /// All that were started; those that are gone are forgotten by and by.
    started: Vec<Weak<Instance>>,
}

/// What is used of the limits.
#[derive(Debug)]
pub(super) struct Capacity {
    limits: Limits,
    calls: Counter,
    used: Mutex<Used>,
    freed: Notify,
}

impl Capacity {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            calls: Counter::default(),
            used: Mutex::default(),
            freed: Notify::new(),
        }
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins, unless the quota of calls is used up.
    pub(super) fn begin(&self) -> Option<Counted> {
        self.calls.begin(self.limits.calls)
    }

    /// Room for one more instance.
    pub(super) fn slot(self: &Arc<Self>, memory_mib: u64) -> Option<Slot> {
        let mut used = self.used();
        let fits = used.instances < self.limits.instances
            && used.memory_mib + memory_mib <= self.limits.memory_mib;
        if !fits {
            return None;
        }
        used.instances += 1;
        used.memory_mib += memory_mib;
        Some(Slot {
            capacity: Arc::clone(self),
            memory_mib,
        })
    }

    /// Remembers an instance as one that may have to make room.
    pub(super) fn started(&self, instance: &Arc<Instance>) {
        let mut used = self.used();
        used.started.retain(|one| one.strong_count() > 0);
        used.started.push(Arc::downgrade(instance));
    }

    /// Ends an instance that has no call, whosever it is (a guess: frozen
    /// instances don't keep another function from being called).
    pub(super) fn make_room(&self) {
        let started: Vec<_> = self
            .used()
            .started
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        if started.iter().any(|instance| instance.is_going()) {
            return;
        }
        for instance in started {
            if instance.end_if_frozen() {
                return;
            }
        }
    }

    /// The next time when a call or an instance ended. What ended before this
    /// was called doesn't count, so ask it before looking.
    pub(super) fn freed(&self) -> Notified<'_> {
        self.freed.notified()
    }

    /// A call or an instance ended.
    pub(super) fn free(&self) {
        self.freed.notify_waiters();
    }
}

/// An instance's room, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    capacity: Arc<Capacity>,
    memory_mib: u64,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut used = self.capacity.used();
        used.instances -= 1;
        used.memory_mib -= self.memory_mib;
        drop(used);
        self.capacity.free();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Capacity, Counter, Limits};

    #[test]
    fn calls_are_counted_while_they_last() {
        let calls = Counter::default();
        let (first, second) = (calls.begin(2), calls.begin(2));
        assert!(first.is_some() && second.is_some());
        assert!(calls.begin(2).is_none());
        drop(first);
        assert!(calls.begin(2).is_some());
    }

    #[test]
    fn instances_fit_by_their_number_and_by_their_memory() {
        let capacity = Arc::new(Capacity::new(Limits {
            instances: 2,
            memory_mib: 1024,
            ..Limits::default()
        }));
        let first = capacity.slot(512);
        assert!(first.is_some());
        assert!(capacity.slot(513).is_none(), "too much memory together");
        let second = capacity.slot(128);
        assert!(second.is_some());
        assert!(capacity.slot(128).is_none(), "too many");
        drop(first);
        assert!(capacity.slot(896).is_some());
    }
}
