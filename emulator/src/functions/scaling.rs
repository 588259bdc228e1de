//! Scaling policies of tags, and the calls in progress that they count.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::capacity::{Counted, Counter};
use crate::cloud::plane::Scaling;

#[derive(Debug, Default)]
struct Tag {
    policy: Scaling,
    calls: Counter,
    turn: Turn,
}

/// Calls by one tag wait for a place one after the other, in their order; those
/// by another tag of the same version don't wait behind them.
pub(super) type Turn = Arc<tokio::sync::Mutex<()>>;

/// A call in progress by a tag.
#[derive(Debug)]
pub(super) struct ByTag {
    /// Most instances that it may find.
    pub(super) instances: Option<usize>,
    pub(super) turn: Turn,
    _counted: Counted,
}

/// Those of all functions, by function and tag.
#[derive(Debug, Default)]
pub(super) struct Policies(Mutex<HashMap<(String, String), Tag>>);

impl Policies {
    fn tags(&self) -> MutexGuard<'_, HashMap<(String, String), Tag>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a tag another policy; calls in progress go on.
    pub(super) fn set(&self, function_id: &str, tag: &str, policy: Scaling) {
        let key = (function_id.to_owned(), tag.to_owned());
        self.tags().entry(key).or_default().policy = policy;
    }

    /// A function is gone.
    pub(super) fn forget(&self, function_id: &str) {
        self.tags().retain(|(id, _), _| id != function_id);
    }

    /// The policy of a tag, which limits nothing unless one was set.
    pub(super) fn of(&self, function_id: &str, tag: &str) -> Scaling {
        let key = (function_id.to_owned(), tag.to_owned());
        let tags = self.tags();
        tags.get(&key)
            .map_or_else(Scaling::default, |tag| tag.policy)
    }

    /// A call by a tag begins, unless as many are in progress already as its
    /// policy allows.
    pub(super) fn begin(&self, function_id: &str, tag: &str) -> Option<ByTag> {
        let key = (function_id.to_owned(), tag.to_owned());
        let mut tags = self.tags();
        let tag = tags.entry(key).or_default();
        let most = tag.policy.requests.unwrap_or(usize::MAX);
        Some(ByTag {
            _counted: tag.calls.begin(most)?,
            instances: tag.policy.instances,
            turn: Arc::clone(&tag.turn),
        })
    }
}
