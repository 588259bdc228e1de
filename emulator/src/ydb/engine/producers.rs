//! Who writes to a topic, and where.

use std::hash::{DefaultHasher, Hash, Hasher};

use tokio_util::sync::CancellationToken;

use super::file::lock;
use super::topic_log::PartitionKey;
use super::topics::{Message, Topics, Written, no_partition};
use crate::ydb::status::YdbError;

/// A producer's place in a topic, as long as no other session takes it.
#[derive(Debug, Clone)]
pub(crate) struct Ownership {
    pub(crate) partition: usize,
    pub(crate) session: u64,
    /// Cancelled when the place is lost.
    pub(crate) lost: CancellationToken,
}

impl Topics {
    /// Where a producer writes: where it says, where it did before, or where
    /// its name leads.
    fn choose(
        &self,
        path: &str,
        producer: &str,
        wanted: Option<usize>,
    ) -> Result<PartitionKey, YdbError> {
        let partitions = self.get(path)?.settings.partitions;
        let number = if let Some(number) = wanted {
            number
        } else {
            let known = lock(&self.log).partition_of(path, producer)?;
            known.unwrap_or_else(|| by_name(producer, partitions))
        };
        let key = PartitionKey::new(path, number);
        if number < partitions {
            Ok(key)
        } else {
            Err(no_partition(&key))
        }
    }

    /// A producer starts to write: its session, and its highest number. An
    /// older session of the same producer loses its place.
    pub(crate) fn own(
        &self,
        path: &str,
        producer: &str,
        wanted: Option<usize>,
    ) -> Result<(Ownership, i64), YdbError> {
        let key = self.choose(path, producer, wanted)?;
        let own = self.with(path, |open| {
            open.sessions += 1;
            let own = Ownership {
                partition: key.number,
                session: open.sessions,
                lost: open.dropped.child_token(),
            };
            let place = (key.number, producer.to_owned());
            if let Some(older) = open.owners.insert(place, own.clone()) {
                older.lost.cancel();
            }
            own
        })?;
        let highest = lock(&self.log).highest(&key, producer)?;
        Ok((own, highest))
    }

    /// Where the producer's next record goes; refused when its place is lost.
    pub(crate) fn check_owner(
        &self,
        path: &str,
        producer: &str,
        own: &Ownership,
    ) -> Result<u64, YdbError> {
        let number = own.partition;
        let (owner, end) = self.with(path, |open| {
            let owner = open.owners.get(&(number, producer.to_owned()));
            let end = open.ends.get(number).map(|end| *end.borrow());
            (owner.map(|owner| owner.session), end.unwrap_or_default())
        })?;
        if owner == Some(own.session) {
            return Ok(end);
        }
        Err(YdbError::bad_request(format!(
            "ownership session is killed by another session with id {} partition id {number}",
            owner.unwrap_or_default()
        )))
    }

    /// Appends records of a producer; refused when its session was taken over.
    pub(crate) fn append(
        &self,
        path: &str,
        producer: &str,
        own: &Ownership,
        messages: &[Message],
    ) -> Result<Vec<Written>, YdbError> {
        let key = PartitionKey::new(path, own.partition);
        let log = lock(&self.log);
        let end = self.check_owner(path, producer, own)?;
        let (outcomes, end) = log.append(&key, producer, end, messages, self.clock.now())?;
        self.with(path, |open| {
            if let Some(own) = open.ends.get(key.number) {
                own.send_replace(end);
            }
        })?;
        Ok(outcomes)
    }
}

fn by_name(producer: &str, partitions: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    producer.hash(&mut hasher);
    let partitions = u64::try_from(partitions).unwrap_or(u64::MAX).max(1);
    usize::try_from(hasher.finish() % partitions).unwrap_or_default()
}
