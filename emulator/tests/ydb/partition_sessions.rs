//! What a reader may say when a partition is given to it, message by message:
//! SDKs only ever say it right.

use tokio::sync::mpsc::Sender;
use tokio::time::timeout;
use tonic::codec::Streaming;
use ydb_grpc::ydb_proto::topic::stream_read_message::from_client::ClientMessage;
use ydb_grpc::ydb_proto::topic::stream_read_message::from_server::ServerMessage;
use ydb_grpc::ydb_proto::topic::stream_read_message::init_request::TopicReadSettings;
use ydb_grpc::ydb_proto::topic::stream_read_message::{
    FromClient, FromServer, InitRequest, ReadRequest, StartPartitionSessionRequest,
    StartPartitionSessionResponse,
};

use crate::harness::{PATIENCE, World};
use crate::topics::{create, write, writer};

const STREAM_READ: &str = "/Ydb.Topic.V1.TopicService/StreamRead";
const SUCCESS: i32 = 400_000;
const BAD_REQUEST: i32 = 400_010;

struct Reader {
    sender: Sender<FromClient>,
    answers: Streaming<FromServer>,
}

impl Reader {
    /// Joins the consumer, with credit for all that there is.
    async fn join(world: &World) -> Self {
        let settings = TopicReadSettings {
            path: "broadcast-topic".to_owned(),
            ..TopicReadSettings::default()
        };
        let init = InitRequest {
            topics_read_settings: vec![settings],
            consumer: "reader".to_owned(),
            ..InitRequest::default()
        };
        let (sender, answers) = world
            .plain()
            .talk(STREAM_READ, message(ClientMessage::InitRequest(init)))
            .await;
        let mut reader = Self { sender, answers };
        let Some(ServerMessage::InitResponse(_)) = reader.next().await.server_message else {
            panic!("the reader isn't told its session first");
        };
        let credit = ReadRequest {
            bytes_size: 1 << 20,
        };
        reader.say(ClientMessage::ReadRequest(credit)).await;
        reader
    }

    async fn say(&self, text: ClientMessage) {
        self.sender.send(message(text)).await.unwrap();
    }

    async fn next(&mut self) -> FromServer {
        let answer = timeout(PATIENCE, self.answers.message()).await;
        answer.expect("an answer in time").unwrap().unwrap()
    }

    /// The partition that is offered.
    async fn offered(&mut self) -> StartPartitionSessionRequest {
        match self.next().await.server_message {
            Some(ServerMessage::StartPartitionSessionRequest(offered)) => offered,
            other => panic!("not an offer: {other:?}"),
        }
    }

    /// Takes the partition and says up to where it has been read by now.
    async fn take(&self, offered: &StartPartitionSessionRequest, commit_offset: Option<i64>) {
        let session = offered.partition_session.as_ref().unwrap();
        let response = StartPartitionSessionResponse {
            partition_session_id: session.partition_session_id,
            read_offset: None,
            commit_offset,
        };
        self.say(ClientMessage::StartPartitionSessionResponse(response))
            .await;
    }
}

fn message(text: ClientMessage) -> FromClient {
    FromClient {
        client_message: Some(text),
    }
}

/// Three records, none of them committed.
async fn three_records(world: &World) {
    let client = world.client().await;
    create(&client).await;
    let producer = writer(&client, "p").await;
    for text in ["a", "b", "c"] {
        write(&producer, text).await;
    }
}

#[tokio::test]
async fn a_reader_may_commit_while_it_takes_a_partition() {
    let world = World::new().await;
    three_records(&world).await;
    let mut first = Reader::join(&world).await;
    let offered = first.offered().await;
    assert_eq!(offered.committed_offset, 0);
    first.take(&offered, Some(2)).await;
    let answer = first.next().await;
    assert_eq!(answer.status, SUCCESS);
    let Some(ServerMessage::ReadResponse(read)) = answer.server_message else {
        panic!("no records: {answer:?}");
    };
    let records = read.partition_data[0].batches.iter();
    let records: Vec<_> = records.flat_map(|batch| &batch.message_data).collect();
    let offsets: Vec<_> = records.iter().map(|record| record.offset).collect();
    assert_eq!(offsets, [2]);
    drop(first);
    let mut second = Reader::join(&world).await;
    assert_eq!(second.offered().await.committed_offset, 2);
}

#[tokio::test]
async fn a_place_beyond_the_end_is_refused() {
    let world = World::new().await;
    three_records(&world).await;
    let mut reader = Reader::join(&world).await;
    let offered = reader.offered().await;
    reader.take(&offered, Some(4)).await;
    let answer = reader.next().await;
    assert_eq!(answer.status, BAD_REQUEST);
    assert!(
        answer.issues[0].message.contains("offset 4"),
        "{:?}",
        answer.issues
    );
    assert!(reader.answers.message().await.unwrap().is_none());
    let mut next = Reader::join(&world).await;
    assert_eq!(next.offered().await.committed_offset, 0);
}
