//! The last few things that were seen.

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;

/// A set that forgets its oldest members beyond a fixed number.
#[derive(Debug)]
pub struct Recent<T> {
    capacity: usize,
    order: VecDeque<T>,
    members: HashSet<T>,
}

impl<T: Clone + Eq + Hash> Recent<T> {
    /// An empty set that remembers the last `capacity` members, at least one.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            order: VecDeque::new(),
            members: HashSet::new(),
        }
    }

    /// Whether this one is still remembered.
    #[must_use]
    pub fn contains(&self, member: &T) -> bool {
        self.members.contains(member)
    }

    /// Remembers this one; `false` if it already was.
    pub fn insert(&mut self, member: T) -> bool {
        if !self.members.insert(member.clone()) {
            return false;
        }
        self.order.push_back(member);
        if self.order.len() > self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.members.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_member_is_forgotten_first() {
        let mut recent = Recent::new(2);
        assert!(recent.insert("a"));
        assert!(recent.insert("b"));
        assert!(!recent.insert("a"));
        assert!(recent.insert("c"));
        assert!(!recent.contains(&"a"));
        assert!(recent.contains(&"b") && recent.contains(&"c"));
    }
}
