//! A reader that commits what it read.

use std::ops::ControlFlow;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;
use ydb_grpc::ydb_proto::topic::OffsetsRange;
use ydb_grpc::ydb_proto::topic::stream_read_message::commit_offset_request::PartitionCommitOffset;
use ydb_grpc::ydb_proto::topic::stream_read_message::from_client::ClientMessage;
use ydb_grpc::ydb_proto::topic::stream_read_message::from_server::ServerMessage;
use ydb_grpc::ydb_proto::topic::stream_read_message::init_request::TopicReadSettings;
use ydb_grpc::ydb_proto::topic::stream_read_message::{
    CommitOffsetRequest, FromClient, FromServer, InitRequest, ReadRequest,
    StartPartitionSessionResponse,
};
use ydb_grpc::ydb_proto::topic::v1::topic_service_client::TopicServiceClient;

use crate::records::{CONSUMER, TOPIC, create, texts};
use crate::remote::{Database, is_cut};

/// The place that was acknowledged.
pub(crate) struct Books(i64);

pub(crate) async fn work(database: Database, end: CancellationToken) -> Books {
    create(&database).await;
    let mut books = Books(0);
    while !end.is_cancelled() {
        let session = session(&database, None, |event| books.hear(&event));
        let ended = tokio::select! {
            ended = session => ended,
            () = end.cancelled() => Ok(()),
        };
        if let Err(status) = ended {
            assert!(is_cut(&status), "{status}");
        }
    }
    books
}

/// What happens to a reader.
enum Event {
    /// It starts here: what was committed before.
    Starts(i64),
    /// It got a record.
    Read(i64, String),
    /// Everything below is committed.
    Committed(i64),
}

/// What a reader does about it.
enum Act {
    Nothing,
    Commit,
}

/// The texts of all records; there must be so many.
pub(crate) async fn read_all(database: &Database, count: i64) -> Vec<String> {
    let mut all = Vec::new();
    let session = session(database, Some(0), |event| {
        if let Event::Read(_, text) = event {
            all.push(text);
        }
        if i64::try_from(all.len()).unwrap() == count {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(Act::Nothing)
        }
    });
    let limit = std::time::Duration::from_mins(1);
    tokio::time::timeout(limit, session).await.unwrap().unwrap();
    all
}

/// Reads until the other side is gone, from where it was committed or from
/// elsewhere.
async fn session(
    database: &Database,
    from: Option<i64>,
    mut hear: impl FnMut(Event) -> ControlFlow<(), Act>,
) -> Result<(), tonic::Status> {
    let (requests, mut answers) = open(database).await?;
    let send = async |message| {
        let message = FromClient {
            client_message: Some(message),
        };
        // Nobody takes it when the stream has ended, which is seen below.
        let _sent = requests.send(message).await;
    };
    let mut own = 0;
    while let Some(answer) = answers.message().await? {
        let mut events = Vec::new();
        match answer.server_message {
            Some(ServerMessage::StartPartitionSessionRequest(start)) => {
                own = start.partition_session.unwrap().partition_session_id;
                let response = StartPartitionSessionResponse {
                    partition_session_id: own,
                    read_offset: from,
                    commit_offset: None,
                };
                let response = ClientMessage::StartPartitionSessionResponse(response);
                send(response).await;
                events.push(Event::Starts(start.committed_offset));
            }
            Some(ServerMessage::ReadResponse(response)) => {
                events.extend(texts(&response).map(|(offset, text)| Event::Read(offset, text)));
                send(more()).await;
            }
            Some(ServerMessage::CommitOffsetResponse(response)) => {
                let places = response.partitions_committed_offsets;
                events.extend(
                    places
                        .iter()
                        .map(|place| Event::Committed(place.committed_offset)),
                );
            }
            // How the server says that it ends.
            None => return Ok(()),
            Some(_) => {}
        }
        for event in events {
            let offset = match &event {
                Event::Read(offset, _) => *offset,
                Event::Starts(_) | Event::Committed(_) => 0,
            };
            match hear(event) {
                ControlFlow::Break(()) => return Ok(()),
                ControlFlow::Continue(Act::Nothing) => {}
                ControlFlow::Continue(Act::Commit) => send(commit(own, offset)).await,
            }
        }
    }
    Ok(())
}

type Ends = (mpsc::Sender<FromClient>, Streaming<FromServer>);

/// A stream with its first requests.
async fn open(database: &Database) -> Result<Ends, tonic::Status> {
    let init = ClientMessage::InitRequest(InitRequest {
        topics_read_settings: vec![TopicReadSettings {
            path: format!("{}/{TOPIC}", database.path),
            ..TopicReadSettings::default()
        }],
        consumer: CONSUMER.to_owned(),
        ..InitRequest::default()
    });
    let (requests, stream) = mpsc::channel(64);
    for message in [init, more()] {
        let client_message = Some(message);
        requests.send(FromClient { client_message }).await.unwrap();
    }
    let mut client = TopicServiceClient::new(database.connect().await);
    let stream = database.request(ReceiverStream::new(stream));
    let answers = client.stream_read(stream).await?;
    Ok((requests, answers.into_inner()))
}

fn more() -> ClientMessage {
    let bytes_size = 1 << 20;
    ClientMessage::ReadRequest(ReadRequest { bytes_size })
}

fn commit(session: i64, offset: i64) -> ClientMessage {
    let range = OffsetsRange {
        start: offset,
        end: offset + 1,
    };
    ClientMessage::CommitOffsetRequest(CommitOffsetRequest {
        commit_offsets: vec![PartitionCommitOffset {
            partition_session_id: session,
            offsets: vec![range],
        }],
    })
}

impl Books {
    fn hear(&mut self, event: &Event) -> ControlFlow<(), Act> {
        match event {
            Event::Starts(committed) => {
                let told = self.0;
                assert!(*committed >= told, "{committed} is below {told}");
                self.0 = *committed;
            }
            Event::Read(offset, _) => {
                assert!(*offset >= self.0, "{offset} was committed, to {}", self.0);
                return ControlFlow::Continue(Act::Commit);
            }
            Event::Committed(place) => self.0 = self.0.max(*place),
        }
        ControlFlow::Continue(Act::Nothing)
    }

    /// A new reader starts no earlier.
    pub(crate) async fn check(&self, database: &Database) {
        assert!(self.0 > 10, "nothing was committed");
        let mut start = None;
        let session = session(database, None, |event| {
            if let Event::Starts(committed) = event {
                start = Some(committed);
            }
            ControlFlow::Break(())
        });
        session.await.unwrap();
        assert!(start.is_some_and(|start| start >= self.0), "{start:?}");
    }
}
