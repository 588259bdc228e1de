use std::collections::BTreeMap;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use ydb_grpc::ydb_proto::status_ids::StatusCode;

use super::topics::Topics;
use super::{Message, PartitionKey, TopicSettings, Written};
use crate::clock::Clock;

struct Fixture {
    topics: Topics,
    clock: Clock,
    _folder: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Clock::default();
    let file = folder.path().join("topics.sqlite");
    let topics = Topics::open(&file, clock.clone(), CancellationToken::new());
    Fixture {
        topics: topics.expect("a file"),
        clock,
        _folder: folder,
    }
}

/// A topic's settings, without a consumer.
pub(super) fn settings(partitions: usize) -> TopicSettings {
    TopicSettings {
        partitions,
        retention: Duration::from_hours(1),
        codecs: vec![1],
        attributes: BTreeMap::new(),
        consumers: Vec::new(),
        write_speed: 0,
        write_burst: 0,
        metering_mode: 0,
    }
}

pub(super) fn message(number: i64) -> Message {
    Message {
        number,
        created_micros: 0,
        codec: 1,
        uncompressed_size: 1,
        data: vec![b'a'],
        metadata: Vec::new(),
    }
}

#[test]
fn a_topic_takes_each_number_once_and_one_session_a_producer() {
    let Fixture { topics, clock, .. } = &fixture();
    let settings = settings(1);
    let key = PartitionKey::new("/t", 0);
    assert!(topics.create("/t", settings.clone()).expect("a topic"));
    assert!(!topics.create("/t", settings).expect("no error"));
    let (old, highest) = topics.own("/t", "p", None).expect("a session");
    assert_eq!(highest, 0);
    let written = topics.append("/t", "p", &old, &[message(1), message(2)]);
    assert_eq!(
        written.expect("two records"),
        [Written::At(0), Written::At(1)]
    );
    assert!(!old.lost.is_cancelled());
    let (new, highest) = topics.own("/t", "p", None).expect("a session");
    assert_eq!(highest, 2);
    assert!(old.lost.is_cancelled() && !new.lost.is_cancelled());
    let killed = topics
        .append("/t", "p", &old, &[message(3)])
        .expect_err("the old session");
    assert_eq!(killed.status, StatusCode::BadRequest);
    let written = topics.append("/t", "p", &new, &[message(2), message(3)]);
    assert_eq!(
        written.expect("one record"),
        [Written::AlreadyWritten, Written::At(2)]
    );
    assert_eq!(topics.read(&key, 1, 10).expect("records").len(), 2);
    clock.advance(Duration::from_hours(2));
    topics.sweep().expect("a sweep");
    assert!(topics.read(&key, 0, 10).expect("records").is_empty());
    // The end stays where it was.
    assert_eq!(topics.offsets(&key).expect("offsets"), 3..3);
}

#[test]
fn a_producer_stays_where_it_wrote_when_partitions_are_added() {
    let Fixture { topics, .. } = &fixture();
    assert!(topics.create("/t", settings(1)).expect("a topic"));
    for producer in 0..20 {
        let producer = format!("p{producer}");
        let (own, _) = topics.own("/t", &producer, None).expect("a session");
        let written = topics.append("/t", &producer, &own, &[message(1)]);
        written.expect("a record");
    }
    let grow = |settings: &mut TopicSettings| {
        settings.partitions = 4;
        Ok(())
    };
    topics.alter("/t", grow).expect("more partitions");
    let partition = |producer: &str, wanted| topics.own("/t", producer, wanted);
    for producer in 0..20 {
        let (own, highest) = partition(&format!("p{producer}"), None).expect("a session");
        assert_eq!((own.partition, highest), (0, 1));
    }
    let news = (0..20).map(|number| partition(&format!("n{number}"), None));
    let news = news.map(|own| own.expect("a session").0.partition);
    assert!(news.into_iter().any(|partition| partition > 0));
    assert_eq!(partition("p0", Some(3)).expect("a session").0.partition, 3);
    let beyond = partition("p0", Some(4)).expect_err("no such partition");
    assert_eq!(beyond.status, StatusCode::BadRequest);
}
