//! Topics: logs of partitions that producers append to and readers follow.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::consumers::{Consumers, Order};
use super::file::{lock, remove_file};
use super::producers::Ownership;
use super::topic_log::{PartitionKey, TopicLog};
use super::topic_records::Place;
use crate::clock::Clock;
use crate::ydb::status::YdbError;

/// Settings of a topic, as they were given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TopicSettings {
    /// At least 1; more can come, none goes.
    pub(crate) partitions: usize,
    pub(crate) retention: Duration,
    pub(crate) codecs: Vec<i32>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) consumers: Vec<String>,
    /// Bytes a second.
    pub(crate) write_speed: i64,
    pub(crate) write_burst: i64,
    pub(crate) metering_mode: i32,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Topic {
    /// Absolute.
    pub(crate) path: String,
    pub(crate) settings: TopicSettings,
    pub(crate) created: Timestamp,
}

pub(super) struct Open {
    topic: Topic,
    /// Where the next record goes, for each partition.
    pub(super) ends: Vec<watch::Sender<u64>>,
    /// The session that writes for each producer in each partition.
    pub(super) owners: BTreeMap<(usize, String), Ownership>,
    pub(super) sessions: u64,
    /// Cancelled when the topic goes.
    pub(super) dropped: CancellationToken,
}

impl Open {
    fn new(topic: Topic, ends: Vec<u64>, dropped: CancellationToken) -> Self {
        Self {
            topic,
            ends: ends.into_iter().map(watch::Sender::new).collect(),
            owners: BTreeMap::new(),
            sessions: 0,
            dropped,
        }
    }
}

/// A record as a producer sent it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) number: i64,
    pub(crate) created_micros: i64,
    pub(crate) codec: i32,
    pub(crate) uncompressed_size: i64,
    pub(crate) data: Vec<u8>,
    /// Keys and values that its sender added.
    pub(crate) metadata: Vec<(String, Vec<u8>)>,
}

/// A record in the log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) offset: u64,
    pub(crate) written: Timestamp,
    pub(crate) producer: String,
    pub(crate) message: Message,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is in the log.
    At(i64),
    /// Its number isn't above the producer's highest.
    AlreadyWritten,
}

/// All topics of a database.
pub(crate) struct Topics {
    pub(super) clock: Clock,
    pub(super) log: Mutex<TopicLog>,
    open: Mutex<BTreeMap<String, Open>>,
    consumers: Consumers,
    closed: CancellationToken,
    file: PathBuf,
}

impl Topics {
    /// Those that are in the file, which is made when it isn't there.
    pub(super) fn open(
        file: &Path,
        clock: Clock,
        closed: CancellationToken,
    ) -> Result<Self, YdbError> {
        let log = TopicLog::open(file)?;
        let consumers = Consumers::default();
        for Place {
            key,
            consumer,
            position,
        } in log.places()?
        {
            consumers.set(&key.topic, &consumer, key.number, position);
        }
        let mut open = BTreeMap::new();
        for topic in log.topics()? {
            let keys = 0..topic.settings.partitions;
            let ends = keys.map(|number| log.end(&PartitionKey::new(&topic.path, number)));
            let ends = ends.collect::<Result<_, _>>()?;
            let path = topic.path.clone();
            open.insert(path, Open::new(topic, ends, closed.child_token()));
        }
        Ok(Self {
            clock,
            log: Mutex::new(log),
            open: Mutex::new(open),
            consumers,
            closed,
            file: file.to_path_buf(),
        })
    }

    /// Drops all topics and removes the file.
    pub(super) fn close(&self) {
        lock(&self.open).clear();
        remove_file(&self.file);
    }

    /// Makes a topic; false when there is one of that path.
    pub(crate) fn create(&self, path: &str, settings: TopicSettings) -> Result<bool, YdbError> {
        let log = lock(&self.log);
        let mut open = lock(&self.open);
        if open.contains_key(path) {
            return Ok(false);
        }
        let ends = vec![0; settings.partitions];
        let topic = Topic {
            path: path.to_owned(),
            settings,
            created: self.clock.now(),
        };
        log.keep_topic(&topic)?;
        let new = Open::new(topic, ends, self.closed.child_token());
        open.insert(path.to_owned(), new);
        Ok(true)
    }

    /// Changes a topic's settings.
    pub(crate) fn alter(
        &self,
        path: &str,
        change: impl FnOnce(&mut TopicSettings) -> Result<(), YdbError>,
    ) -> Result<(), YdbError> {
        let log = lock(&self.log);
        let mut topic = self.get(path)?;
        let before = topic.settings.clone();
        change(&mut topic.settings)?;
        log.keep_topic(&topic)?;
        let after = topic.settings.clone();
        self.with(path, |open| {
            let more = || watch::Sender::new(0);
            open.ends.resize_with(topic.settings.partitions, more);
            open.topic = topic;
        })?;
        self.consumers.grow(path, after.partitions);
        let gone = |consumer: &&String| !after.consumers.contains(consumer);
        for consumer in before.consumers.iter().filter(gone) {
            log.forget_places(path, consumer)?;
            self.consumers.forget_one(path, consumer);
        }
        Ok(())
    }

    /// Removes a topic with its logs.
    pub(crate) fn drop(&self, path: &str) -> Result<(), YdbError> {
        let log = lock(&self.log);
        self.get(path)?;
        log.forget(path)?;
        if let Some(open) = lock(&self.open).remove(path) {
            open.dropped.cancel();
        }
        self.consumers.forget(path);
        Ok(())
    }

    pub(crate) fn all(&self) -> Vec<Topic> {
        lock(&self.open)
            .values()
            .map(|open| open.topic.clone())
            .collect()
    }

    pub(crate) fn get(&self, path: &str) -> Result<Topic, YdbError> {
        self.with(path, |open| open.topic.clone())
    }

    /// Where a partition's next record goes, now and whenever it changes.
    pub(crate) fn watch(&self, key: &PartitionKey) -> Result<watch::Receiver<u64>, YdbError> {
        self.with(&key.topic, |open| {
            open.ends.get(key.number).map(watch::Sender::subscribe)
        })?
        .ok_or_else(|| no_partition(key))
    }

    /// Offsets of the records that are there.
    pub(crate) fn offsets(&self, key: &PartitionKey) -> Result<Range<u64>, YdbError> {
        let log = lock(&self.log);
        let end = *self.watch(key)?.borrow();
        Ok(log.first(key)?.unwrap_or(end)..end)
    }

    /// Cancelled when the topic goes.
    pub(crate) fn dropped(&self, path: &str) -> Result<CancellationToken, YdbError> {
        self.with(path, |open| open.dropped.clone())
    }

    /// A new reader of some or all partitions for a consumer. `news` is told
    /// whenever it has orders.
    pub(crate) fn join(
        &self,
        path: &str,
        consumer: &str,
        chosen: Option<BTreeSet<usize>>,
        news: Arc<Notify>,
    ) -> Result<u64, YdbError> {
        let partitions = self.get(path)?.settings.partitions;
        if let Some(beyond) = chosen.iter().flatten().find(|one| **one >= partitions) {
            return Err(no_partition(&PartitionKey::new(path, *beyond)));
        }
        Ok(self
            .consumers
            .join(path, consumer, partitions, chosen, news))
    }

    /// What a reader has to do now.
    pub(crate) fn orders(&self, path: &str, consumer: &str, reader: u64) -> Vec<Order> {
        self.consumers.orders(path, consumer, reader)
    }

    /// A reader gives a partition up.
    pub(crate) fn release(&self, key: &PartitionKey, consumer: &str, reader: u64) {
        self.consumers
            .release(&key.topic, consumer, reader, key.number);
    }

    /// A reader leaves.
    pub(crate) fn leave(&self, path: &str, consumer: &str, reader: u64) {
        self.consumers.leave(path, consumer, reader);
    }

    /// A reader without a consumer leaves nothing behind.
    pub(crate) fn forget_nameless(&self, path: &str, stand_in: &str) {
        self.consumers.forget_one(path, stand_in);
        if let Err(error) = lock(&self.log).forget_places(path, stand_in) {
            tracing::warn!(topic = path, %error, "a reader's place stays");
        }
    }

    /// The first offset that a consumer didn't commit.
    pub(crate) fn committed(&self, key: &PartitionKey, consumer: &str) -> u64 {
        self.consumers.committed(&key.topic, consumer, key.number)
    }

    /// Commits offsets; tells the place now. What is beyond a gap is forgotten
    /// when the emulator ends: it isn't told to be committed. What is beyond the
    /// last record isn't committed, as in YDB's `persqueue/partition.cpp`, where
    /// only `CommitOffset` outside of a reader is strict.
    pub(crate) fn commit(
        &self,
        key: &PartitionKey,
        consumer: &str,
        range: Range<u64>,
    ) -> Result<u64, YdbError> {
        // Held, so that the last place that is kept is the last one told.
        let log = lock(&self.log);
        let end = *self.watch(key)?.borrow();
        let range = range.start..range.end.min(end);
        let PartitionKey { topic, number } = key;
        let before = self.consumers.committed(topic, consumer, *number);
        let place = self.consumers.commit(topic, consumer, *number, range);
        if place != before {
            log.keep_place(key, consumer, place)?;
        }
        Ok(place)
    }

    /// Moves a consumer's place without a reader, be it back.
    pub(crate) fn set_committed(
        &self,
        key: &PartitionKey,
        consumer: &str,
        offset: u64,
    ) -> Result<(), YdbError> {
        let log = lock(&self.log);
        let end = *self.watch(key)?.borrow();
        if offset > end {
            let message = format!("offset {offset} is behind the end, {end}");
            return Err(YdbError::bad_request(message));
        }
        log.keep_place(key, consumer, offset)?;
        self.consumers.set(&key.topic, consumer, key.number, offset);
        Ok(())
    }

    /// Where a trigger is in a partition, if it ever was in it.
    pub(crate) fn trigger_place(
        &self,
        key: &PartitionKey,
        id: &str,
    ) -> Result<Option<u64>, YdbError> {
        lock(&self.log).trigger_place(key, id)
    }

    /// Keeps where a trigger is.
    pub(crate) fn keep_trigger_place(
        &self,
        key: &PartitionKey,
        id: &str,
        place: u64,
    ) -> Result<(), YdbError> {
        lock(&self.log).keep_trigger_place(key, id, place)
    }

    /// When the schema was looked at or changed lately, oldest first.
    pub(super) fn schema_operations(&self) -> Result<Vec<Timestamp>, YdbError> {
        lock(&self.log).schema_operations()
    }

    /// Keeps one more.
    pub(super) fn keep_schema_operation(&self, now: Timestamp) -> Result<(), YdbError> {
        lock(&self.log).keep_schema_operation(now)
    }

    pub(super) fn with<T>(
        &self,
        path: &str,
        act: impl FnOnce(&mut Open) -> T,
    ) -> Result<T, YdbError> {
        lock(&self.open)
            .get_mut(path)
            .map(act)
            .ok_or_else(|| YdbError::no_path(path))
    }

    /// Records from an offset on, at most `most`.
    pub(crate) fn read(
        &self,
        key: &PartitionKey,
        from: u64,
        most: usize,
    ) -> Result<Vec<Stored>, YdbError> {
        self.get(&key.topic)?;
        lock(&self.log).read(key, from, most)
    }

    /// Deletes records that outlived their topic's retention.
    pub(crate) fn sweep(&self) -> Result<(), YdbError> {
        for topic in self.all() {
            let kept = i64::try_from(topic.settings.retention.as_micros()).unwrap_or(i64::MAX);
            let limit = self.clock.now().as_microsecond().saturating_sub(kept);
            lock(&self.log).expire(&topic.path, limit)?;
        }
        Ok(())
    }
}

pub(super) fn no_partition(key: &PartitionKey) -> YdbError {
    let PartitionKey { topic, number } = key;
    YdbError::bad_request(format!("{topic} has no partition {number}"))
}
