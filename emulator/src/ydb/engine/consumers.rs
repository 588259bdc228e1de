//! Where each consumer of a topic is, and who reads for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use super::file::lock;

/// Topic and consumer.
type Key = (String, String);

/// All consumers of a database's topics.
#[derive(Default)]
pub(super) struct Consumers(Mutex<BTreeMap<Key, Consumer>>);

#[derive(Default)]
struct Consumer {
    committed: u64,
    /// What was committed beyond a gap: start to end.
    ahead: BTreeMap<u64, u64>,
    /// Held by the one reader of the partition.
    reader: Arc<Turn<()>>,
}

impl Consumer {
    /// Takes a range in; the place moves only over what has no gap.
    fn commit(&mut self, start: u64, end: u64) -> u64 {
        if end > start {
            let known = self.ahead.entry(start).or_insert(end);
            *known = (*known).max(end);
        }
        while let Some(first) = self.ahead.first_entry() {
            if *first.key() > self.committed {
                break;
            }
            self.committed = self.committed.max(first.remove());
        }
        self.committed
    }
}

impl Consumers {
    fn with<T>(&self, topic: &str, consumer: &str, act: impl FnOnce(&mut Consumer) -> T) -> T {
        let key = (topic.to_owned(), consumer.to_owned());
        act(lock(&self.0).entry(key).or_default())
    }

    /// Waits until nobody else reads for the consumer.
    pub(super) async fn turn(&self, topic: &str, consumer: &str) -> OwnedMutexGuard<()> {
        let reader = self.with(topic, consumer, |own| Arc::clone(&own.reader));
        reader.lock_owned().await
    }

    /// The first offset that isn't committed.
    pub(super) fn committed(&self, topic: &str, consumer: &str) -> u64 {
        self.with(topic, consumer, |own| own.committed)
    }

    /// Commits offsets from `start` to before `end`; tells the place now.
    pub(super) fn commit(&self, topic: &str, consumer: &str, start: u64, end: u64) -> u64 {
        self.with(topic, consumer, |own| own.commit(start, end))
    }

    /// Forgets the consumers of a topic.
    pub(super) fn forget(&self, topic: &str) {
        lock(&self.0).retain(|(own, _), _| own != topic);
    }
}

#[cfg(test)]
mod tests {
    use super::Consumer;

    #[test]
    fn a_gap_holds_the_place() {
        let mut consumer = Consumer::default();
        assert_eq!(consumer.commit(0, 2), 2);
        assert_eq!(consumer.commit(4, 6), 2);
        assert_eq!(consumer.commit(1, 3), 3);
        assert_eq!(consumer.commit(3, 4), 6);
        assert_eq!(consumer.commit(2, 3), 6);
    }
}
