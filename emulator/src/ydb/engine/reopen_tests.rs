//! A database that is opened again, without a word to the one before.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use ydb_grpc::ydb_proto::status_ids::StatusCode;

use super::topic_tests::{self, message};
use super::{
    Database, IdleConnections, Message, PartitionKey, Query, Rights, TopicSettings, Written,
};
use crate::clock::Clock;
use crate::ydb::status::YdbError;

const PATH: &str = "/ru/cloud/db";
const TOPIC: &str = "/ru/cloud/db/t";

struct Place {
    folder: RefCell<tempfile::TempDir>,
    clock: Clock,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: RefCell::new(tempfile::tempdir().expect("a folder")),
            clock: Clock::default(),
        }
    }

    /// As after a kill: nobody closes the one before, whose files are as they are
    /// at this moment.
    fn open(&self) -> Database {
        let next = tempfile::tempdir().expect("a folder");
        let former = self.folder.replace(next);
        let (clock, folder) = (self.clock.clone(), self.folder.borrow());
        for file in std::fs::read_dir(former.path()).expect("files") {
            let file = file.expect("a file");
            let copy = folder.path().join(file.file_name());
            std::fs::copy(file.path(), copy).expect("a copy");
        }
        let idle = IdleConnections::default();
        Database::create(PATH, "f", "db", folder.path(), clock, idle, 3).expect("a database")
    }
}

fn run(database: &Database, text: &str) -> Result<usize, YdbError> {
    let rights = Rights {
        write: true,
        schema: true,
    };
    let results = database.run_alone(&Query {
        text: text.to_owned(),
        parameters: HashMap::new(),
        rights,
    })?;
    Ok(results.first().map_or(0, |result| result.rows.len()))
}

fn settings(partitions: usize) -> TopicSettings {
    TopicSettings {
        attributes: BTreeMap::from([("owner".to_owned(), "alice".to_owned())]),
        consumers: vec!["c".to_owned()],
        write_speed: 1,
        write_burst: 1,
        ..topic_tests::settings(partitions)
    }
}

/// Writes numbers as a producer.
fn write(database: &Database, numbers: &[i64]) -> Vec<Written> {
    let topics = &database.topics;
    let (own, _) = topics.own(TOPIC, "p", Some(0)).expect("a session");
    let messages: Vec<Message> = numbers.iter().map(|number| message(*number)).collect();
    topics
        .append(TOPIC, "p", &own, &messages)
        .expect("the records")
}

#[test]
fn tables_are_as_they_were_defined_and_altered() {
    let place = Place::new();
    let first = place.open();
    let table = "CREATE TABLE a (id Uint64 NOT NULL, at Timestamp, PRIMARY KEY (id),
        INDEX by_time GLOBAL ON (at)) WITH (TTL = Interval(\"PT1H\") ON at)";
    run(&first, table).expect("a table");
    run(&first, "ALTER TABLE a ADD COLUMN name Utf8").expect("a column");
    run(&first, "UPSERT INTO a (id, name) VALUES (1, \"x\")").expect("a row");
    let second = place.open();
    let path = format!("{PATH}/a");
    assert_eq!(second.table(&path), first.table(&path));
    let found = run(&second, "SELECT id FROM a WHERE name = \"x\"");
    assert_eq!(found.expect("rows"), 1);
    run(&second, "DROP TABLE a").expect("no table");
    assert!(place.open().tables().is_empty());
}

#[test]
fn directories_are_there_until_they_are_removed() {
    let place = Place::new();
    let first = place.open();
    for name in ["a", "b"] {
        let made = first.make_directory(&format!("{PATH}/{name}"));
        made.expect("a directory");
    }
    let second = place.open();
    assert_eq!(second.directories(), first.directories());
    let removed = second.remove_directory(&format!("{PATH}/a"));
    removed.expect("no directory");
    assert_eq!(place.open().directories(), second.directories());
    assert_eq!(second.directories().len(), 1);
}

#[test]
fn a_topic_goes_on_behind_its_last_record() {
    let place = Place::new();
    let first = place.open();
    assert!(first.topics.create(TOPIC, settings(1)).expect("a topic"));
    write(&first, &[1, 2]);
    let grow = |settings: &mut TopicSettings| {
        settings.partitions = 2;
        Ok(())
    };
    first.topics.alter(TOPIC, grow).expect("a partition");
    let second = place.open();
    assert_eq!(second.topics.get(TOPIC), first.topics.get(TOPIC));
    let written = write(&second, &[2, 3]);
    assert_eq!(written, [Written::AlreadyWritten, Written::At(2)]);

    // Nothing is left of the log, but its end.
    place.clock.advance(Duration::from_hours(2));
    second.topics.sweep().expect("a sweep");
    let third = place.open();
    let offsets = |number| third.topics.offsets(&PartitionKey::new(TOPIC, number));
    assert_eq!(offsets(0), Ok(3..3));
    assert_eq!(offsets(1), Ok(0..0));
    third.topics.drop(TOPIC).expect("no topic");

    let fourth = place.open();
    assert!(fourth.topics.all().is_empty());
    assert!(fourth.topics.create(TOPIC, settings(1)).expect("a topic"));
    assert_eq!(write(&fourth, &[1]), [Written::At(0)]);
}

#[test]
fn consumers_and_triggers_are_where_they_were() {
    let place = Place::new();
    let key = PartitionKey::new(TOPIC, 0);
    let first = place.open();
    let topics = &first.topics;
    topics.create(TOPIC, settings(1)).expect("a topic");
    write(&first, &[1, 2, 3]);
    let joined = topics.join(TOPIC, "c", None, Arc::new(Notify::new()));
    joined.expect("a reader");
    assert_eq!(topics.commit(&key, "c", 0..2), Ok(2));
    assert_eq!(topics.trigger_place(&key, "a1s"), Ok(None));
    topics.keep_trigger_place(&key, "a1s", 3).expect("a place");

    let second = place.open();
    let topics = &second.topics;
    assert_eq!(topics.committed(&key, "c"), 2);
    assert_eq!(topics.trigger_place(&key, "a1s"), Ok(Some(3)));
    topics.set_committed(&key, "c", 1).expect("a place");

    let third = place.open();
    let topics = &third.topics;
    assert_eq!(topics.committed(&key, "c"), 1);
    let dismiss = |settings: &mut TopicSettings| {
        settings.consumers.clear();
        Ok(())
    };
    topics.alter(TOPIC, dismiss).expect("no consumer");
    assert_eq!(place.open().topics.committed(&key, "c"), 0);
}

#[test]
fn a_consumer_commits_nothing_that_was_not_written() {
    let place = Place::new();
    let key = PartitionKey::new(TOPIC, 0);
    let first = place.open();
    let topics = &first.topics;
    topics.create(TOPIC, settings(1)).expect("a topic");
    write(&first, &[1, 2]);
    let joined = topics.join(TOPIC, "c", None, Arc::new(Notify::new()));
    joined.expect("a reader");
    assert_eq!(topics.commit(&key, "c", 1..u64::MAX), Ok(0), "a gap");
    assert_eq!(topics.commit(&key, "c", 0..1), Ok(2));
    assert_eq!(topics.commit(&key, "c", 5..9), Ok(2));
    let refused = topics.set_committed(&key, "c", 3);
    assert_eq!(refused.expect_err("strict").status, StatusCode::BadRequest);
    write(&first, &[3]);
    assert_eq!(topics.committed(&key, "c"), 2, "the new record is to come");
    assert_eq!(place.open().topics.committed(&key, "c"), 2);
}

#[test]
fn what_was_spent_of_the_days_schema_budget_stays_spent() {
    let place = Place::new();
    for _ in 0..3 {
        place.open().spend_schema_operation().expect("room");
    }
    let refused = place.open().spend_schema_operation();
    assert_eq!(refused.expect_err("no room").status, StatusCode::Overloaded);
    place.clock.advance(Duration::from_hours(25));
    place.open().spend_schema_operation().expect("a new day");
}
