//! A producer that numbers its records itself.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use ydb_grpc::ydb_proto::topic::stream_read_message::ReadResponse;
use ydb_grpc::ydb_proto::topic::stream_write_message::from_client::ClientMessage;
use ydb_grpc::ydb_proto::topic::stream_write_message::from_server::ServerMessage;
use ydb_grpc::ydb_proto::topic::stream_write_message::write_request::MessageData;
use ydb_grpc::ydb_proto::topic::stream_write_message::{FromClient, InitRequest, WriteRequest};
use ydb_grpc::ydb_proto::topic::v1::topic_service_client::TopicServiceClient;
use ydb_grpc::ydb_proto::topic::{Consumer, CreateTopicRequest, PartitioningSettings};

use crate::consumer;
use crate::remote::{Database, is_cut};

pub(crate) const TOPIC: &str = "records";
pub(crate) const CONSUMER: &str = "reader";
const RAW: i32 = 1;

/// The highest number that was acknowledged; all below were, too.
pub(crate) struct Books(i64);

/// Makes the topic; it may be there.
pub(crate) async fn create(database: &Database) {
    let request = CreateTopicRequest {
        path: format!("{}/{TOPIC}", database.path),
        partitioning_settings: Some(PartitioningSettings {
            min_active_partitions: 1,
            ..PartitioningSettings::default()
        }),
        consumers: vec![Consumer {
            name: CONSUMER.to_owned(),
            ..Consumer::default()
        }],
        ..CreateTopicRequest::default()
    };
    database
        .call("/Ydb.Topic.V1.TopicService/CreateTopic", request)
        .await;
}

pub(crate) async fn work(database: Database, end: CancellationToken) -> Books {
    create(&database).await;
    let mut books = Books(0);
    while !end.is_cancelled() {
        if let Err(status) = session(&database, &mut books, &end).await {
            assert!(is_cut(&status), "{status}");
        }
    }
    books
}

/// Writes until the other side is gone, or it is enough.
async fn session(
    database: &Database,
    books: &mut Books,
    end: &CancellationToken,
) -> Result<(), tonic::Status> {
    let mut client = TopicServiceClient::new(database.connect().await);
    let (requests, stream) = mpsc::channel(8);
    let send = async |message| {
        let message = FromClient {
            client_message: Some(message),
        };
        // Nobody takes it when the stream has ended, which is seen below.
        let _sent = requests.send(message).await;
    };
    send(ClientMessage::InitRequest(InitRequest {
        path: format!("{}/{TOPIC}", database.path),
        producer_id: "producer".to_owned(),
        get_last_seq_no: true,
        ..InitRequest::default()
    }))
    .await;
    let stream = database.request(ReceiverStream::new(stream));
    let mut answers = client.stream_write(stream).await?.into_inner();
    while let Some(answer) = answers.message().await? {
        match answer.server_message {
            Some(ServerMessage::InitResponse(init)) => {
                let known = init.last_seq_no;
                assert!(known >= books.0, "{known} is below {}", books.0);
                books.0 = known;
            }
            Some(ServerMessage::WriteResponse(written)) => {
                let acks = written.acks.iter().map(|ack| ack.seq_no);
                books.0 = books.0.max(acks.max().unwrap_or_default());
            }
            Some(ServerMessage::UpdateTokenResponse(_)) => {}
            // How the server says that it ends.
            None => return Ok(()),
        }
        if end.is_cancelled() {
            return Ok(());
        }
        let number = books.0 + 1;
        let data = number.to_string().into_bytes();
        send(ClientMessage::WriteRequest(WriteRequest {
            messages: vec![MessageData {
                seq_no: number,
                uncompressed_size: 1,
                data,
                ..MessageData::default()
            }],
            codec: RAW,
            tx: None,
        }))
        .await;
    }
    Ok(())
}

impl Books {
    /// Every record is there once, in order.
    pub(crate) async fn check(&self, database: &Database) {
        assert!(self.0 > 10, "nothing was written");
        let read = consumer::read_all(database, self.0).await;
        let expected: Vec<String> = (1..=self.0).map(|number| number.to_string()).collect();
        assert_eq!(read, expected);
    }
}

/// Offsets and texts of what was read.
pub(crate) fn texts(response: &ReadResponse) -> impl Iterator<Item = (i64, String)> {
    let batches = response
        .partition_data
        .iter()
        .flat_map(|part| &part.batches);
    let records = batches.flat_map(|batch| &batch.message_data);
    records.map(|record| {
        let text = String::from_utf8(record.data.clone()).unwrap();
        (record.offset, text)
    })
}
