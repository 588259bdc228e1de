//! What is known of topics beside their logs, in the same file: settings, how
//! far consumers and triggers are, and how much of the schema's budget is spent.
//! The file is written without waiting for any transaction on tables.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::schema_budget::DAY;
use super::topic_log::{PartitionKey, TopicLog, signed};
use super::topics::Topic;
use super::transaction::failure;
use crate::ydb::status::YdbError;

/// `ends` has a partition only when records of it were deleted.
pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS topics (path TEXT PRIMARY KEY, topic TEXT) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS ends (topic TEXT, part INTEGER, position INTEGER,
        PRIMARY KEY (topic, part)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS consumers (topic TEXT, consumer TEXT, part INTEGER,
        position INTEGER, PRIMARY KEY (topic, consumer, part)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS triggers (topic TEXT, id TEXT, part INTEGER, position INTEGER,
        PRIMARY KEY (topic, id, part)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS schema_operations (at INTEGER);";

/// How far a consumer is in a partition.
pub(super) struct Place {
    pub(super) key: PartitionKey,
    pub(super) consumer: String,
    pub(super) position: u64,
}

fn offset(position: i64) -> u64 {
    position.unsigned_abs()
}

fn position(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

impl TopicLog {
    /// All topics.
    pub(super) fn topics(&self) -> Result<Vec<Topic>, YdbError> {
        let mut statement = self
            .0
            .prepare("SELECT topic FROM topics")
            .map_err(failure)?;
        let found = statement.query_map([], |row| row.get::<_, String>(0));
        let found: Vec<String> = found.and_then(Iterator::collect).map_err(failure)?;
        let parsed = found.iter().map(|text| serde_json::from_str(text));
        parsed.collect::<Result<_, _>>().map_err(YdbError::internal)
    }

    /// Keeps a topic that is new or has other settings now.
    pub(super) fn keep_topic(&self, topic: &Topic) -> Result<(), YdbError> {
        let text = serde_json::to_string(topic).map_err(YdbError::internal)?;
        let sql = "INSERT OR REPLACE INTO topics VALUES (?1, ?2)";
        self.0.execute(sql, [&topic.path, &text]).map_err(failure)?;
        Ok(())
    }

    /// Forgets a topic with its records, producers and consumers. Triggers stay
    /// where they are: they see that another topic is shorter.
    pub(super) fn forget(&self, topic: &str) -> Result<(), YdbError> {
        let all = self.0.unchecked_transaction().map_err(failure)?;
        for table in ["log", "producers", "ends", "consumers"] {
            let sql = format!("DELETE FROM {table} WHERE topic = ?1");
            all.execute(&sql, [topic]).map_err(failure)?;
        }
        all.execute("DELETE FROM topics WHERE path = ?1", [topic])
            .map_err(failure)?;
        all.commit().map_err(failure)
    }

    /// Where a partition's next record goes.
    pub(super) fn end(&self, key: &PartitionKey) -> Result<u64, YdbError> {
        let sql = "SELECT MAX(end) FROM (
            SELECT MAX(position) + 1 AS end FROM log WHERE topic = ?1 AND part = ?2
            UNION ALL SELECT position FROM ends WHERE topic = ?1 AND part = ?2)";
        let end: Option<i64> = self
            .0
            .query_row(sql, params![key.topic, signed(key.number)], |row| {
                row.get(0)
            })
            .map_err(failure)?;
        Ok(end.map_or(0, offset))
    }

    /// Deletes a topic's records from before a time, in microseconds. Where
    /// their partitions end is remembered.
    pub(super) fn expire(&self, topic: &str, before: i64) -> Result<(), YdbError> {
        let all = self.0.unchecked_transaction().map_err(failure)?;
        let sql = "INSERT OR REPLACE INTO ends SELECT topic, part, MAX(position) + 1
            FROM log WHERE topic = ?1 GROUP BY part";
        all.execute(sql, [topic]).map_err(failure)?;
        let sql = "DELETE FROM log WHERE topic = ?1 AND written < ?2";
        all.execute(sql, params![topic, before]).map_err(failure)?;
        all.commit().map_err(failure)
    }

    /// Where all consumers are.
    pub(super) fn places(&self) -> Result<Vec<Place>, YdbError> {
        let sql = "SELECT topic, consumer, part, position FROM consumers";
        let mut statement = self.0.prepare(sql).map_err(failure)?;
        let found = statement.query_map([], |row| {
            let number: i64 = row.get(2)?;
            let topic: String = row.get(0)?;
            Ok(Place {
                key: PartitionKey::new(&topic, usize::try_from(number).unwrap_or_default()),
                consumer: row.get(1)?,
                position: row.get(3).map(offset)?,
            })
        });
        found.and_then(Iterator::collect).map_err(failure)
    }

    /// Keeps where a consumer is.
    pub(super) fn keep_place(
        &self,
        key: &PartitionKey,
        consumer: &str,
        place: u64,
    ) -> Result<(), YdbError> {
        let sql = "INSERT OR REPLACE INTO consumers VALUES (?1, ?2, ?3, ?4)";
        let row = params![key.topic, consumer, signed(key.number), position(place)];
        let mut statement = self.0.prepare_cached(sql).map_err(failure)?;
        statement.execute(row).map_err(failure)?;
        Ok(())
    }

    /// Forgets where a consumer was.
    pub(super) fn forget_places(&self, topic: &str, consumer: &str) -> Result<(), YdbError> {
        let sql = "DELETE FROM consumers WHERE topic = ?1 AND consumer = ?2";
        let mut statement = self.0.prepare_cached(sql).map_err(failure)?;
        statement.execute([topic, consumer]).map_err(failure)?;
        Ok(())
    }

    /// Where a trigger is.
    pub(super) fn trigger_place(
        &self,
        key: &PartitionKey,
        id: &str,
    ) -> Result<Option<u64>, YdbError> {
        let sql = "SELECT position FROM triggers WHERE topic = ?1 AND id = ?2 AND part = ?3";
        let place = params![key.topic, id, signed(key.number)];
        let found = self.0.query_row(sql, place, |row| row.get(0));
        let found = found.optional().map_err(failure)?;
        Ok(found.map(offset))
    }

    /// Keeps where a trigger is.
    pub(super) fn keep_trigger_place(
        &self,
        key: &PartitionKey,
        id: &str,
        place: u64,
    ) -> Result<(), YdbError> {
        let sql = "INSERT OR REPLACE INTO triggers VALUES (?1, ?2, ?3, ?4)";
        let mut statement = self.0.prepare_cached(sql).map_err(failure)?;
        let row = params![key.topic, id, signed(key.number), position(place)];
        statement.execute(row).map_err(failure)?;
        Ok(())
    }

    /// When the schema was looked at or changed lately, oldest first.
    pub(super) fn schema_operations(&self) -> Result<Vec<Timestamp>, YdbError> {
        let sql = "SELECT at FROM schema_operations ORDER BY at";
        let mut statement = self.0.prepare(sql).map_err(failure)?;
        let found = statement.query_map([], |row| row.get::<_, i64>(0));
        let found: Vec<i64> = found.and_then(Iterator::collect).map_err(failure)?;
        let times = found.into_iter().map(Timestamp::from_microsecond);
        times.collect::<Result<_, _>>().map_err(YdbError::internal)
    }

    /// Keeps one more; those that don't count any more are forgotten.
    pub(super) fn keep_schema_operation(&self, now: Timestamp) -> Result<(), YdbError> {
        let day = Duration::try_from(DAY).unwrap_or_default();
        let day = i64::try_from(day.as_micros()).unwrap_or(i64::MAX);
        let now = now.as_microsecond();
        let all = self.0.unchecked_transaction().map_err(failure)?;
        all.prepare_cached("DELETE FROM schema_operations WHERE at <= ?1")
            .and_then(|mut statement| statement.execute([now.saturating_sub(day)]))
            .map_err(failure)?;
        all.prepare_cached("INSERT INTO schema_operations VALUES (?1)")
            .and_then(|mut statement| statement.execute([now]))
            .map_err(failure)?;
        all.commit().map_err(failure)
    }
}
