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

/// The operations that run, by folder, and since when.
#[derive(Debug, Default)]
pub(crate) struct Slots(Mutex<HashMap<String, HashMap<Holder, Instant>>>);

impl Slots {
    /// Takes a slot for an operation that is to begin; whoever has one keeps it.
    /// Answers whether there is one.
    pub(crate) fn take(&self, folder: &str, uid: &str, resource: Resource, now: Instant) -> bool {
        self.enter(folder, uid, resource, now, AT_ONCE)
    }

    /// Counts an operation that is known to run, however many others do.
    pub(crate) fn hold(&self, folder: &str, uid: &str, resource: Resource, now: Instant) {
        self.enter(folder, uid, resource, now, usize::MAX);
    }

    /// An operation is over, or was never begun.
    pub(crate) fn give_back(&self, folder: &str, uid: &str, resource: Resource) {
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = folders.get_mut(folder) {
            running.remove(&(uid.to_owned(), resource));
        }
    }

    /// Forgets a chat that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for running in folders.values_mut() {
            running.retain(|(holder, _), _| holder != uid);
        }
    }

    fn enter(
        &self,
        folder: &str,
        uid: &str,
        resource: Resource,
        now: Instant,
        limit: usize,
    ) -> bool {
        if !is_counted(resource) {
            return true;
        }
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let running = folders.entry(folder.to_owned()).or_default();
        running.retain(|_, since| now.saturating_duration_since(*since) < FORGOTTEN);
        let holder = (uid.to_owned(), resource);
        let fits = running.len() < limit || running.contains_key(&holder);
        if fits {
            running.entry(holder).or_insert(now);
        }
        fits
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
            assert!(slots.take("a", &chat.to_string(), Resource::Version, now));
        }
        assert!(!slots.take("a", "more", Resource::Function, now));
        slots
    }

    #[test]
    fn a_folder_has_so_many_and_each_folder_its_own() {
        let now = Instant::now();
        let slots = full(now);
        assert!(slots.take("b", "more", Resource::Function, now));
        assert!(slots.take("a", "more", Resource::Gateway, now));
        assert!(slots.take("a", "0", Resource::Version, now), "its own");
        assert!(!slots.take("a", "0", Resource::Live, now), "another one");
    }

    #[test]
    fn what_is_over_makes_room() {
        let now = Instant::now();
        let slots = full(now);
        slots.give_back("a", "0", Resource::Version);
        assert!(slots.take("a", "more", Resource::Function, now));
        slots.forget("more");
        assert!(slots.take("a", "again", Resource::Function, now));
        let later = now + FORGOTTEN;
        assert!(slots.take("a", "later", Resource::Function, later));
    }

    #[test]
    fn what_runs_already_counts() {
        let now = Instant::now();
        let slots = full(now);
        slots.hold("a", "running", Resource::Live, now);
        slots.give_back("a", "0", Resource::Version);
        assert!(!slots.take("a", "more", Resource::Function, now));
    }
}
