//! The logs of topics' partitions, and the highest number of each producer, in
//! SQLite.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::file::open_alone;
use super::topics::{Message, Stored, Written};
use super::transaction::failure;
use crate::ydb::status::YdbError;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS log (topic TEXT, part INTEGER, position INTEGER, producer TEXT,
        number INTEGER, created INTEGER, written INTEGER, codec INTEGER, size INTEGER, data BLOB,
        metadata TEXT, PRIMARY KEY (topic, part, position)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS producers (topic TEXT, part INTEGER, producer TEXT, number INTEGER,
        PRIMARY KEY (topic, part, producer)) WITHOUT ROWID;";

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PartitionKey {
    /// Absolute path.
    pub(crate) topic: String,
    /// From 0.
    pub(crate) number: usize,
}

impl PartitionKey {
    pub(crate) fn new(topic: &str, number: usize) -> Self {
        Self {
            topic: topic.to_owned(),
            number,
        }
    }
}

/// All logs of a database.
pub(super) struct TopicLog(pub(super) Connection);

impl TopicLog {
    pub(super) fn open(file: &Path) -> Result<Self, YdbError> {
        let connection = open_alone(file)?;
        connection.execute_batch(TABLES).map_err(failure)?;
        let more = super::topic_records::TABLES;
        connection.execute_batch(more).map_err(failure)?;
        Ok(Self(connection))
    }

    /// The first record that is there.
    pub(super) fn first(&self, key: &PartitionKey) -> Result<Option<u64>, YdbError> {
        let sql = "SELECT MIN(position) FROM log WHERE topic = ?1 AND part = ?2";
        let first: Option<i64> = self
            .0
            .query_row(sql, params![key.topic, signed(key.number)], |row| {
                row.get(0)
            })
            .map_err(failure)?;
        Ok(first.map(i64::unsigned_abs))
    }

    /// The partition that a producer has written to.
    pub(super) fn partition_of(
        &self,
        topic: &str,
        producer: &str,
    ) -> Result<Option<usize>, YdbError> {
        let sql = "SELECT part FROM producers WHERE topic = ?1 AND producer = ?2 LIMIT 1";
        let found: Option<i64> = self
            .0
            .query_row(sql, [topic, producer], |row| row.get(0))
            .optional()
            .map_err(failure)?;
        Ok(found.and_then(|number| usize::try_from(number).ok()))
    }

    /// The highest number of a producer; 0 for a new one.
    pub(super) fn highest(&self, key: &PartitionKey, producer: &str) -> Result<i64, YdbError> {
        let sql = "SELECT number FROM producers WHERE topic = ?1 AND part = ?2 AND producer = ?3";
        let mut statement = self.0.prepare_cached(sql).map_err(failure)?;
        let found = statement
            .query_row(params![key.topic, signed(key.number), producer], |row| {
                row.get(0)
            })
            .optional();
        Ok(found.map_err(failure)?.unwrap_or_default())
    }

    /// Appends what isn't there yet from `end` on; where the end is then.
    pub(super) fn append(
        &self,
        key: &PartitionKey,
        producer: &str,
        mut end: u64,
        messages: &[Message],
        now: Timestamp,
    ) -> Result<(Vec<Written>, u64), YdbError> {
        let mut highest = self.highest(key, producer)?;
        let mut outcomes = Vec::with_capacity(messages.len());
        let batch = self.0.unchecked_transaction().map_err(failure)?;
        for message in messages {
            if message.number <= highest {
                outcomes.push(Written::AlreadyWritten);
                continue;
            }
            highest = message.number;
            store(&batch, key, producer, end, message, now)?;
            outcomes.push(Written::At(i64::try_from(end).unwrap_or(i64::MAX)));
            end += 1;
        }
        batch
            .prepare_cached("INSERT OR REPLACE INTO producers VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut statement| {
                statement.execute(params![key.topic, signed(key.number), producer, highest])
            })
            .map_err(failure)?;
        batch.commit().map_err(failure)?;
        Ok((outcomes, end))
    }

    /// Records from an offset on, at most `most`.
    pub(super) fn read(
        &self,
        key: &PartitionKey,
        from: u64,
        most: usize,
    ) -> Result<Vec<Stored>, YdbError> {
        let sql = "SELECT position, producer, number, created, written, codec, size, data, metadata
            FROM log WHERE topic = ?1 AND part = ?2 AND position >= ?3 ORDER BY position LIMIT ?4";
        let mut statement = self.0.prepare_cached(sql).map_err(failure)?;
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let range = params![key.topic, signed(key.number), from, signed(most)];
        let found = statement.query_map(range, stored);
        found.and_then(Iterator::collect).map_err(failure)
    }
}

fn store(
    connection: &Connection,
    key: &PartitionKey,
    producer: &str,
    position: u64,
    message: &Message,
    now: Timestamp,
) -> Result<(), YdbError> {
    let sql = "INSERT INTO log VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let metadata = serde_json::to_string(&message.metadata).map_err(YdbError::internal)?;
    let mut statement = connection.prepare_cached(sql).map_err(failure)?;
    let row = params![
        key.topic,
        signed(key.number),
        i64::try_from(position).unwrap_or(i64::MAX),
        producer,
        message.number,
        message.created_micros,
        now.as_microsecond(),
        message.codec,
        message.uncompressed_size,
        message.data,
        metadata
    ];
    statement.execute(row).map_err(failure)?;
    Ok(())
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let metadata: String = row.get(8)?;
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
            metadata: serde_json::from_str(&metadata).unwrap_or_default(),
        },
    })
}

pub(super) fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
