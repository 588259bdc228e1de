//! Where each consumer of a topic is, and who reads which partition for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::file::lock;

/// Topic and consumer.
type Key = (String, String);

/// All consumers of a database's topics.
#[derive(Default)]
pub(super) struct Consumers(Mutex<BTreeMap<Key, Consumer>>);

#[derive(Default)]
struct Consumer {
    partitions: Vec<Partition>,
    /// By an id that grows.
    readers: BTreeMap<u64, Reader>,
    last: u64,
}

#[derive(Default)]
struct Partition {
    committed: u64,
    /// What was committed beyond a gap: start to end.
    ahead: BTreeMap<u64, u64>,
    /// Who should read it.
    wanted: Option<u64>,
    /// Who does.
    owner: Option<u64>,
}

struct Reader {
    /// The partitions that it asked for; all without.
    chosen: Option<BTreeSet<usize>>,
    /// Something changed for it.
    news: Arc<Notify>,
}

/// What a reader has to do about a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// It is the reader's now.
    Start(usize),
    /// Somebody else waits for it.
    Stop(usize),
}

impl Partition {
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

impl Consumer {
    fn partition(&mut self, number: usize) -> &mut Partition {
        self.grow(number + 1);
        &mut self.partitions[number]
    }

    fn grow(&mut self, count: usize) {
        if self.partitions.len() < count {
            self.partitions.resize_with(count, Partition::default);
        }
    }

    /// Says anew who should read what, and tells everybody.
    fn share_out(&mut self) {
        let readers: Vec<Candidate<'_>> = self
            .readers
            .iter()
            .map(|(id, reader)| (*id, reader.chosen.as_ref()))
            .collect();
        let before: Vec<_> = self.partitions.iter().map(|one| one.wanted).collect();
        let after = shares(&before, &readers);
        for (partition, wanted) in self.partitions.iter_mut().zip(after) {
            partition.wanted = wanted;
        }
        for reader in self.readers.values() {
            reader.news.notify_one();
        }
    }

    /// What a reader has to do; what it may start is its own from here on.
    fn orders(&mut self, reader: u64) -> Vec<Order> {
        let mut orders = Vec::new();
        for (number, partition) in self.partitions.iter_mut().enumerate() {
            match (partition.owner, partition.wanted == Some(reader)) {
                (None, true) => {
                    partition.owner = Some(reader);
                    orders.push(Order::Start(number));
                }
                (Some(owner), false) if owner == reader => orders.push(Order::Stop(number)),
                _ => {}
            }
        }
        orders
    }
}

/// A reader and the partitions that it asked for, if it did.
type Candidate<'a> = (u64, Option<&'a BTreeSet<usize>>);

/// Who should read each partition: as few changes as possible, and nobody has
/// two more than somebody else who would take one.
fn shares(before: &[Option<u64>], readers: &[Candidate<'_>]) -> Vec<Option<u64>> {
    let takes = |candidate: &Candidate<'_>, partition: usize| {
        candidate.1.is_none_or(|chosen| chosen.contains(&partition))
    };
    let mut after: Vec<Option<u64>> = vec![None; before.len()];
    let count =
        |after: &[Option<u64>], id: u64| after.iter().filter(|owner| **owner == Some(id)).count();
    for (partition, owner) in before.iter().enumerate() {
        let stays = readers
            .iter()
            .any(|one| Some(one.0) == *owner && takes(one, partition));
        after[partition] = owner.filter(|_| stays);
    }
    for partition in 0..after.len() {
        let eligible = readers.iter().filter(|one| takes(one, partition));
        let Some((idlest, _)) = eligible.min_by_key(|one| count(&after, one.0)) else {
            continue;
        };
        let move_it = match after[partition] {
            None => true,
            Some(owner) => count(&after, owner) >= count(&after, *idlest) + 2,
        };
        if move_it {
            after[partition] = Some(*idlest);
        }
    }
    after
}

impl Consumers {
    fn with<T>(&self, topic: &str, consumer: &str, act: impl FnOnce(&mut Consumer) -> T) -> T {
        let key = (topic.to_owned(), consumer.to_owned());
        act(lock(&self.0).entry(key).or_default())
    }

    /// A new reader; `news` is told whenever it has orders.
    pub(super) fn join(
        &self,
        topic: &str,
        consumer: &str,
        partitions: usize,
        chosen: Option<BTreeSet<usize>>,
        news: Arc<Notify>,
    ) -> u64 {
        self.with(topic, consumer, |own| {
            own.last += 1;
            own.readers.insert(own.last, Reader { chosen, news });
            own.grow(partitions);
            own.share_out();
            own.last
        })
    }

    /// What a reader has to do now.
    pub(super) fn orders(&self, topic: &str, consumer: &str, reader: u64) -> Vec<Order> {
        self.with(topic, consumer, |own| own.orders(reader))
    }

    /// A reader gives a partition up.
    pub(super) fn release(&self, topic: &str, consumer: &str, reader: u64, number: usize) {
        self.with(topic, consumer, |own| {
            let partition = own.partition(number);
            if partition.owner == Some(reader) {
                partition.owner = None;
                own.share_out();
            }
        });
    }

    /// A reader leaves with all that it has.
    pub(super) fn leave(&self, topic: &str, consumer: &str, reader: u64) {
        self.with(topic, consumer, |own| {
            own.readers.remove(&reader);
            for partition in &mut own.partitions {
                partition.owner = partition.owner.filter(|owner| *owner != reader);
            }
            own.share_out();
        });
    }

    /// A topic got more partitions.
    pub(super) fn grow(&self, topic: &str, partitions: usize) {
        for ((own, _), consumer) in lock(&self.0).iter_mut() {
            if own == topic {
                consumer.grow(partitions);
                consumer.share_out();
            }
        }
    }

    /// The first offset that isn't committed.
    pub(super) fn committed(&self, topic: &str, consumer: &str, number: usize) -> u64 {
        self.with(topic, consumer, |own| own.partition(number).committed)
    }

    /// Commits offsets from `start` to before `end`; tells the place now.
    pub(super) fn commit(
        &self,
        topic: &str,
        consumer: &str,
        number: usize,
        range: std::ops::Range<u64>,
    ) -> u64 {
        self.with(topic, consumer, |own| {
            own.partition(number).commit(range.start, range.end)
        })
    }

    /// Moves the place, be it back.
    pub(super) fn set(&self, topic: &str, consumer: &str, number: usize, offset: u64) {
        self.with(topic, consumer, |own| {
            let partition = own.partition(number);
            partition.committed = offset;
            partition.ahead.clear();
        });
    }

    /// Forgets one consumer with its places.
    pub(super) fn forget_one(&self, topic: &str, consumer: &str) {
        lock(&self.0).remove(&(topic.to_owned(), consumer.to_owned()));
    }

    /// Forgets the consumers of a topic.
    pub(super) fn forget(&self, topic: &str) {
        lock(&self.0).retain(|(own, _), _| own != topic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_holds_the_place() {
        let mut partition = Partition::default();
        assert_eq!(partition.commit(0, 2), 2);
        assert_eq!(partition.commit(4, 6), 2);
        assert_eq!(partition.commit(1, 3), 3);
        assert_eq!(partition.commit(3, 4), 6);
        assert_eq!(partition.commit(2, 3), 6);
    }

    #[test]
    fn shares_are_even_and_change_little() {
        let none = [None; 4];
        let alone = shares(&none, &[(1, None)]);
        assert_eq!(alone, [Some(1); 4]);
        let two = shares(&alone, &[(1, None), (2, None)]);
        assert_eq!(two.iter().filter(|owner| **owner == Some(1)).count(), 2);
        assert_eq!(two, shares(&two, &[(1, None), (2, None)]));
        assert_eq!(shares(&two, &[(2, None)]), [Some(2); 4]);
        let chosen = BTreeSet::from([3]);
        let choosy = shares(&none, &[(1, None), (2, Some(&chosen))]);
        assert_eq!(choosy[..2], [Some(1); 2]);
        assert_eq!(choosy[3], Some(2));
        assert_eq!(shares(&[Some(1)], &[(1, None), (2, None)]), [Some(1)]);
    }

    #[test]
    fn a_partition_starts_elsewhere_only_when_it_was_given_up() {
        let consumers = Consumers::default();
        let news = Arc::new(Notify::new());
        let join = || consumers.join("/t", "c", 2, None, Arc::clone(&news));
        let first = join();
        let starts = [Order::Start(0), Order::Start(1)];
        assert_eq!(consumers.orders("/t", "c", first), starts);
        let second = join();
        assert_eq!(consumers.orders("/t", "c", second), []);
        let [Order::Stop(number)] = consumers.orders("/t", "c", first)[..] else {
            panic!("no order to stop");
        };
        consumers.release("/t", "c", first, number);
        assert_eq!(consumers.orders("/t", "c", second), [Order::Start(number)]);
        consumers.leave("/t", "c", second);
        assert_eq!(consumers.orders("/t", "c", first), [Order::Start(number)]);
    }
}
