//! Topics, their producers and what is read.

use std::time::Duration;

use ydb::{
    Client, Codec, CodecSelection, ConsumerBuilder, CreateTopicOptionsBuilder,
    DescribeTopicOptionsBuilder, TopicReader, TopicWriter, TopicWriterMessage, TopicWriterOptions,
};

use crate::harness::{DATABASE, World, status};

const TOPIC: &str = "broadcast-topic";
const SCHEME_ERROR: i32 = 400_070;
const BAD_REQUEST: i32 = 400_010;

pub(crate) async fn create(client: &Client) {
    let consumer = ConsumerBuilder::default()
        .name("reader".to_owned())
        .build()
        .unwrap();
    let options = CreateTopicOptionsBuilder::default()
        .min_active_partitions(1)
        .partition_count_limit(1)
        .retention_period(Duration::from_hours(1))
        .supported_codecs(vec![Codec::RAW])
        .consumers(vec![consumer])
        .build()
        .unwrap();
    let path = format!("{DATABASE}/{TOPIC}");
    client
        .topic_client()
        .create_topic(path, options)
        .await
        .unwrap();
}

pub(crate) async fn writer(client: &Client, producer: &str) -> TopicWriter {
    let options = TopicWriterOptions::builder()
        .topic_path(TOPIC)
        .producer_id(producer.to_owned())
        .codec_selector(CodecSelection::Fixed(Codec::RAW))
        .build();
    client
        .topic_client()
        .create_writer_with_params(options)
        .await
        .unwrap()
}

pub(crate) async fn write(writer: &TopicWriter, text: &str) {
    writer
        .write_with_ack(TopicWriterMessage::new(text))
        .await
        .unwrap();
}

pub(crate) async fn texts(world: &World) -> Vec<String> {
    let records = world
        .ydb
        .read_topic(DATABASE, (TOPIC, 0), 0, 100)
        .await
        .unwrap();
    let text = |data| String::from_utf8(data).unwrap();
    records
        .into_iter()
        .map(|record| text(record.data))
        .collect()
}

#[tokio::test]
async fn what_is_acknowledged_can_be_read_in_order() {
    let world = World::new().await;
    let client = world.client().await;
    create(&client).await;
    let mut end = world.ydb.watch_topic(DATABASE, TOPIC, 0).unwrap();
    let producer = writer(&client, "p").await;
    for text in ["a", "b", "c"] {
        write(&producer, text).await;
    }
    assert_eq!(*end.borrow_and_update(), 3);
    assert_eq!(texts(&world).await, ["a", "b", "c"]);
    assert_eq!(*end.borrow(), 3);
    assert_eq!(
        world.ydb.topics(DATABASE)[0].path,
        format!("{DATABASE}/{TOPIC}")
    );
}

#[tokio::test]
async fn a_new_session_of_a_producer_ends_the_old_one() {
    let world = World::new().await;
    let client = world.client().await;
    create(&client).await;
    let old = writer(&client, "p").await;
    write(&old, "a").await;
    let new = writer(&client, "p").await;
    write(&new, "b").await;
    let refused = old.write_with_ack(TopicWriterMessage::new("lost")).await;
    assert_eq!(status(&refused.expect_err("the old session")), BAD_REQUEST);
    write(&new, "c").await;
    assert_eq!(texts(&world).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_topic_is_described_and_dropped() {
    let world = World::new().await;
    let client = world.client().await;
    create(&client).await;
    // As YDB, which takes a repetition for a success.
    create(&client).await;
    let mut topics = client.topic_client();
    let options = || DescribeTopicOptionsBuilder::default().build().unwrap();
    let described = topics
        .describe_topic(TOPIC.to_owned(), options())
        .await
        .unwrap();
    assert_eq!(described.retention_period, Duration::from_hours(1));
    assert_eq!(described.supported_codecs, [Codec::RAW]);
    assert_eq!(described.partitions.len(), 1);
    topics.drop_topic(TOPIC.to_owned()).await.unwrap();
    let missing = topics.describe_topic(TOPIC.to_owned(), options()).await;
    assert_eq!(status(&missing.expect_err("a dropped topic")), SCHEME_ERROR);
    assert!(world.ydb.watch_topic(DATABASE, TOPIC, 0).is_err());
}

/// The next records that a reader gets, until there are as many as wanted; all
/// of them are committed.
async fn receive(reader: &mut TopicReader, wanted: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < wanted {
        let batch = reader.read_batch().await.unwrap();
        let marker = batch.get_commit_marker();
        for mut message in batch.messages {
            let data = message.read_and_take().await.unwrap().unwrap();
            texts.push(String::from_utf8(data).unwrap());
        }
        reader.commit_with_ack(marker).await.unwrap();
    }
    texts
}

#[tokio::test]
async fn a_reader_goes_on_where_the_last_one_of_its_consumer_left() {
    let world = World::new().await;
    let client = world.client().await;
    create(&client).await;
    let producer = writer(&client, "p").await;
    for text in ["a", "b"] {
        write(&producer, text).await;
    }
    let path = || format!("{DATABASE}/{TOPIC}");
    let mut topics = client.topic_client();
    let mut first = topics.create_reader("reader", path()).await.unwrap();
    assert_eq!(receive(&mut first, 2).await, ["a", "b"]);
    write(&producer, "c").await;
    assert_eq!(receive(&mut first, 1).await, ["c"]);
    drop(first);
    write(&producer, "d").await;
    let mut second = topics.create_reader("reader", path()).await.unwrap();
    assert_eq!(receive(&mut second, 1).await, ["d"]);
}
