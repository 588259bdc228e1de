//! Topics of one partition: a log that producers append to and readers follow.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::{OwnedMutexGuard, watch};
use tokio_util::sync::CancellationToken;

use super::consumers::Consumers;
use super::file::{lock, open, remove_file};
use super::transaction::failure;
use crate::clock::Clock;
use crate::ydb::status::YdbError;

/// The log, and the highest number of each producer.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS log (topic TEXT, position INTEGER, producer TEXT, number INTEGER,
        created INTEGER, written INTEGER, codec INTEGER, size INTEGER, data BLOB,
        PRIMARY KEY (topic, position)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS producers (topic TEXT, producer TEXT, number INTEGER,
        PRIMARY KEY (topic, producer)) WITHOUT ROWID;";

/// Settings of a topic, as they were given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TopicSettings {
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
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Topic {
    /// Absolute.
    pub(crate) path: String,
    pub(crate) settings: TopicSettings,
    pub(crate) created: Timestamp,
}

struct Open {
    topic: Topic,
    /// Where the next record goes.
    end: watch::Sender<u64>,
    /// The session that writes for each producer.
    owners: BTreeMap<String, Ownership>,
    sessions: u64,
    /// Cancelled when the topic goes.
    dropped: CancellationToken,
}

/// A producer's place in a topic, as long as no other session takes it.
#[derive(Debug, Clone)]
pub(crate) struct Ownership {
    pub(crate) session: u64,
    /// Cancelled when the place is lost.
    pub(crate) lost: CancellationToken,
}

/// A record as a producer sent it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) number: i64,
    pub(crate) created_micros: i64,
    pub(crate) codec: i32,
    pub(crate) uncompressed_size: i64,
    pub(crate) data: Vec<u8>,
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
    clock: Clock,
    connection: Mutex<Connection>,
    open: Mutex<BTreeMap<String, Open>>,
    consumers: Consumers,
    closed: CancellationToken,
    file: PathBuf,
}

impl Topics {
    pub(super) fn open(
        file: &Path,
        clock: Clock,
        closed: CancellationToken,
    ) -> Result<Self, YdbError> {
        let connection = open(file)?;
        connection.execute_batch(TABLES).map_err(failure)?;
        Ok(Self {
            clock,
            connection: Mutex::new(connection),
            open: Mutex::default(),
            consumers: Consumers::default(),
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
    pub(crate) fn create(&self, path: &str, settings: TopicSettings) -> bool {
        let mut open = lock(&self.open);
        if open.contains_key(path) {
            return false;
        }
        let topic = Topic {
            path: path.to_owned(),
            settings,
            created: self.clock.now(),
        };
        open.insert(
            path.to_owned(),
            Open {
                topic,
                end: watch::Sender::new(0),
                owners: BTreeMap::new(),
                sessions: 0,
                dropped: self.closed.child_token(),
            },
        );
        true
    }

    /// Changes a topic's settings.
    pub(crate) fn alter(
        &self,
        path: &str,
        change: impl FnOnce(&mut TopicSettings),
    ) -> Result<(), YdbError> {
        self.with(path, |open| change(&mut open.topic.settings))
    }

    /// Removes a topic with its log.
    pub(crate) fn drop(&self, path: &str) -> Result<(), YdbError> {
        let removed = lock(&self.open).remove(path);
        let open = removed.ok_or_else(|| YdbError::no_path(path))?;
        open.dropped.cancel();
        self.consumers.forget(path);
        let connection = lock(&self.connection);
        for table in ["log", "producers"] {
            let sql = format!("DELETE FROM {table} WHERE topic = ?1");
            connection.execute(&sql, [path]).map_err(failure)?;
        }
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

    /// Where the next record goes, now and whenever it changes.
    pub(crate) fn watch(&self, path: &str) -> Result<watch::Receiver<u64>, YdbError> {
        self.with(path, |open| open.end.subscribe())
    }

    /// Offsets of the records that are there.
    pub(crate) fn offsets(&self, path: &str) -> Result<Range<u64>, YdbError> {
        let connection = lock(&self.connection);
        let end = self.with(path, |open| *open.end.borrow())?;
        let sql = "SELECT MIN(position) FROM log WHERE topic = ?1";
        let first: Option<i64> = connection
            .query_row(sql, [path], |row| row.get(0))
            .map_err(failure)?;
        Ok(first.map_or(end, i64::unsigned_abs)..end)
    }

    /// Cancelled when the topic goes.
    pub(crate) fn dropped(&self, path: &str) -> Result<CancellationToken, YdbError> {
        self.with(path, |open| open.dropped.clone())
    }

    /// Waits until nobody else reads for the consumer.
    pub(crate) async fn reader_turn(&self, path: &str, consumer: &str) -> OwnedMutexGuard<()> {
        self.consumers.turn(path, consumer).await
    }

    /// The first offset that a consumer didn't commit.
    pub(crate) fn committed(&self, path: &str, consumer: &str) -> u64 {
        self.consumers.committed(path, consumer)
    }

    /// Commits offsets from `start` to before `end`; tells the place now.
    pub(crate) fn commit(&self, path: &str, consumer: &str, start: u64, end: u64) -> u64 {
        self.consumers.commit(path, consumer, start, end)
    }

    fn with<T>(&self, path: &str, act: impl FnOnce(&mut Open) -> T) -> Result<T, YdbError> {
        lock(&self.open)
            .get_mut(path)
            .map(act)
            .ok_or_else(|| YdbError::no_path(path))
    }

    /// A producer starts to write: its session, and its highest number. An
    /// older session of the same producer loses its place.
    pub(crate) fn own(&self, path: &str, producer: &str) -> Result<(Ownership, i64), YdbError> {
        let own = self.with(path, |open| {
            open.sessions += 1;
            let own = Ownership {
                session: open.sessions,
                lost: open.dropped.child_token(),
            };
            let older = open.owners.insert(producer.to_owned(), own.clone());
            if let Some(older) = older {
                older.lost.cancel();
            }
            own
        })?;
        let highest = Self::highest(&lock(&self.connection), path, producer)?;
        Ok((own, highest))
    }

    /// Where the producer's next record goes; refused when its place is lost.
    pub(crate) fn check_owner(
        &self,
        path: &str,
        producer: &str,
        session: u64,
    ) -> Result<u64, YdbError> {
        let (owner, end) = self.with(path, |open| {
            let owner = open.owners.get(producer).map(|owner| owner.session);
            (owner, *open.end.borrow())
        })?;
        if owner == Some(session) {
            return Ok(end);
        }
        Err(YdbError::bad_request(format!(
            "ownership session is killed by another session with id {} partition id 0",
            owner.unwrap_or_default()
        )))
    }

    fn highest(connection: &Connection, path: &str, producer: &str) -> Result<i64, YdbError> {
        let sql = "SELECT number FROM producers WHERE topic = ?1 AND producer = ?2";
        let mut statement = connection.prepare_cached(sql).map_err(failure)?;
        let found = statement
            .query_row([path, producer], |row| row.get(0))
            .optional();
        Ok(found.map_err(failure)?.unwrap_or_default())
    }

    /// Appends records of a producer; refused when its session was taken over.
    pub(crate) fn append(
        &self,
        path: &str,
        producer: &str,
        session: u64,
        messages: &[Message],
    ) -> Result<Vec<Written>, YdbError> {
        let connection = lock(&self.connection);
        let mut end = self.check_owner(path, producer, session)?;
        let mut highest = Self::highest(&connection, path, producer)?;
        let mut outcomes = Vec::with_capacity(messages.len());
        let batch = connection.unchecked_transaction().map_err(failure)?;
        for message in messages {
            if message.number <= highest {
                outcomes.push(Written::AlreadyWritten);
                continue;
            }
            highest = message.number;
            self.store(&batch, path, producer, end, message)?;
            outcomes.push(Written::At(i64::try_from(end).unwrap_or(i64::MAX)));
            end += 1;
        }
        batch
            .prepare_cached("INSERT OR REPLACE INTO producers VALUES (?1, ?2, ?3)")
            .and_then(|mut statement| statement.execute(params![path, producer, highest]))
            .map_err(failure)?;
        batch.commit().map_err(failure)?;
        self.with(path, |open| open.end.send_replace(end))?;
        Ok(outcomes)
    }

    fn store(
        &self,
        connection: &Connection,
        path: &str,
        producer: &str,
        end: u64,
        message: &Message,
    ) -> Result<(), YdbError> {
        let sql = "INSERT INTO log VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let mut statement = connection.prepare_cached(sql).map_err(failure)?;
        let row = params![
            path,
            i64::try_from(end).unwrap_or(i64::MAX),
            producer,
            message.number,
            message.created_micros,
            self.clock.now().as_microsecond(),
            message.codec,
            message.uncompressed_size,
            message.data
        ];
        statement.execute(row).map_err(failure)?;
        Ok(())
    }

    /// Records from an offset on, at most `most`.
    pub(crate) fn read(&self, path: &str, from: u64, most: usize) -> Result<Vec<Stored>, YdbError> {
        self.get(path)?;
        let sql = "SELECT position, producer, number, created, written, codec, size, data FROM log
            WHERE topic = ?1 AND position >= ?2 ORDER BY position LIMIT ?3";
        let connection = lock(&self.connection);
        let mut statement = connection.prepare_cached(sql).map_err(failure)?;
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let found = statement.query_map(params![path, from, most], |row| {
            Ok(Stored {
                offset: row.get::<_, i64>(0)?.unsigned_abs(),
                producer: row.get(1)?,
                written: Timestamp::from_microsecond(row.get(4)?).unwrap_or_default(),
                message: Message {
                    number: row.get(2)?,
                    created_micros: row.get(3)?,
                    codec: row.get(5)?,
                    uncompressed_size: row.get(6)?,
                    data: row.get(7)?,
                },
            })
        });
        found.and_then(Iterator::collect).map_err(failure)
    }

    /// Deletes records that outlived their topic's retention.
    pub(crate) fn sweep(&self) -> Result<(), YdbError> {
        for topic in self.all() {
            let kept = i64::try_from(topic.settings.retention.as_micros()).unwrap_or(i64::MAX);
            let limit = self.clock.now().as_microsecond().saturating_sub(kept);
            let sql = "DELETE FROM log WHERE topic = ?1 AND written < ?2";
            let connection = lock(&self.connection);
            connection
                .execute(sql, params![topic.path, limit])
                .map_err(failure)?;
        }
        Ok(())
    }
}
