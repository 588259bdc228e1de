//! How many operations on a folder's functions run at once. The cloud allows
//! 15 in a folder; whoever asks for more is refused, and so is everybody else.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::resource::Resource;

/// Somewhat fewer than the cloud allows, so that people can work in the folder.
pub(crate) const AT_ONCE: usize = 12;

/// An operation whose end nobody saw is over after that: nothing about a
/// function takes as long.
const FORGOTTEN: Duration = Duration::from_mins(15);

/// Whose operation it is: a chat's UID and one of its resources.
type Holder = (String, Resource);

/// The operations of each folder.
#[derive(Debug, Default)]
pub(crate) struct Slots(Mutex<HashMap<String, Operations>>);

#[derive(Debug, Default)]
struct Operations {
    /// Since when they run.
    running: HashMap<Holder, Instant>,
    /// When they were asked for last, in vain.
    waiting: HashMap<Holder, Instant>,
}

impl Slots {
    /// Takes a slot for an operation that is to begin; whoever has one keeps it.
    ///
    /// # Errors
    /// How many wait, this one included, when there is none.
    pub(crate) fn take(
        &self,
        folder: &str,
        uid: &str,
        resource: Resource,
        now: Instant,
    ) -> Result<(), usize> {
        self.enter(folder, uid, resource, now, AT_ONCE)
    }

    /// Counts an operation that is known to run, however many others do.
    pub(crate) fn hold(&self, folder: &str, uid: &str, resource: Resource, now: Instant) {
        let _entered = self.enter(folder, uid, resource, now, usize::MAX);
    }

    /// An operation is over, or was never begun.
    pub(crate) fn give_back(&self, folder: &str, uid: &str, resource: Resource) {
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(operations) = folders.get_mut(folder) {
            operations.running.remove(&(uid.to_owned(), resource));
        }
    }

    /// Forgets a chat that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for Operations { running, waiting } in folders.values_mut() {
            running.retain(|(holder, _), _| holder != uid);
            waiting.retain(|(holder, _), _| holder != uid);
        }
    }

    fn enter(
        &self,
        folder: &str,
        uid: &str,
        resource: Resource,
        now: Instant,
        limit: usize,
    ) -> Result<(), usize> {
        if !is_counted(resource) {
            return Ok(());
        }
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Operations { running, waiting } = folders.entry(folder.to_owned()).or_default();
        for all in [&mut *running, &mut *waiting] {
            all.retain(|_, since| now.saturating_duration_since(*since) < FORGOTTEN);
        }
        let holder = (uid.to_owned(), resource);
        if running.len() < limit || running.contains_key(&holder) {
            waiting.remove(&holder);
            running.entry(holder).or_insert(now);
            return Ok(());
        }
        waiting.insert(holder, now);
        Err(waiting.len())
    }
}

/// Whether its operations are those of a function.
fn is_counted(resource: Resource) -> bool {
    matches!(
        resource,
        Resource::Function | Resource::Invokers | Resource::Version | Resource::Live
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All slots of the folder `a` are taken.
    fn full(now: Instant) -> Slots {
        let slots = Slots::default();
        for chat in 0..AT_ONCE {
            let taken = slots.take("a", &chat.to_string(), Resource::Version, now);
            assert_eq!(taken, Ok(()));
        }
        assert!(slots.take("a", "more", Resource::Function, now).is_err());
        slots
    }

    #[test]
    fn a_folder_has_so_many_and_each_folder_its_own() {
        let now = Instant::now();
        let slots = full(now);
        assert!(slots.take("b", "more", Resource::Function, now).is_ok());
        assert!(slots.take("a", "more", Resource::Gateway, now).is_ok());
        assert!(
            slots.take("a", "0", Resource::Version, now).is_ok(),
            "its own"
        );
        assert!(
            slots.take("a", "0", Resource::Live, now).is_err(),
            "another one"
        );
    }

    #[test]
    fn what_is_over_makes_room() {
        let now = Instant::now();
        let slots = full(now);
        slots.give_back("a", "0", Resource::Version);
        assert!(slots.take("a", "more", Resource::Function, now).is_ok());
        slots.forget("more");
        assert!(slots.take("a", "again", Resource::Function, now).is_ok());
        let later = now + FORGOTTEN;
        assert!(slots.take("a", "later", Resource::Function, later).is_ok());
    }

    #[test]
    fn who_waits_learns_how_many_do() {
        let now = Instant::now();
        let slots = full(now);
        let ask = |uid| slots.take("a", uid, Resource::Version, now);
        assert_eq!(ask("b"), Err(2), "beside the one of `full`");
        assert_eq!(ask("b"), Err(2), "again");
        slots.forget("more");
        assert_eq!(ask("c"), Err(2));
        slots.give_back("a", "0", Resource::Version);
        assert_eq!(ask("b"), Ok(()));
        assert_eq!(ask("d"), Err(2), "and `c`");
        let later = now + FORGOTTEN;
        slots.hold("a", "e", Resource::Version, later);
        assert_eq!(slots.take("a", "d", Resource::Version, later), Ok(()));
    }

    #[test]
    fn what_runs_already_counts() {
        let now = Instant::now();
        let slots = full(now);
        slots.hold("a", "running", Resource::Live, now);
        slots.give_back("a", "0", Resource::Version);
        assert!(slots.take("a", "more", Resource::Function, now).is_err());
    }
}
