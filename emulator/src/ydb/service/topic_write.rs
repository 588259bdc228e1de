//! A producer's stream: an init, then records and their acknowledgements, one
//! each and in order.

use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use uuid::Uuid;
use ydb_grpc::ydb_proto::topic::stream_write_message::from_client::ClientMessage;
use ydb_grpc::ydb_proto::topic::stream_write_message::from_server::ServerMessage;
use ydb_grpc::ydb_proto::topic::stream_write_message::init_request::Partitioning;
use ydb_grpc::ydb_proto::topic::stream_write_message::write_response::write_ack::{
    self, MessageWriteStatus, skipped,
};
use ydb_grpc::ydb_proto::topic::stream_write_message::write_response::{WriteAck, WriteStatistics};
use ydb_grpc::ydb_proto::topic::stream_write_message::{
    FromClient, FromServer, InitRequest, InitResponse, WriteRequest, WriteResponse,
};
use ydb_grpc::ydb_proto::topic::{SupportedCodecs, UpdateTokenResponse};

use crate::iam::Permission;
use crate::ydb::Ydb;
use crate::ydb::caller::Caller;
use crate::ydb::engine::{Message, Ownership, Written};
use crate::ydb::status::{self, YdbError};

/// Answers that may wait for a slow client.
const WAITING: usize = 64;

/// Answers a producer until it ends its side, or until something fails: YDB
/// ends a stream with its first error.
pub(super) fn session(
    ydb: Ydb,
    caller: Caller,
    mut requests: Streaming<FromClient>,
) -> impl Stream<Item = Result<FromServer, Status>> + Send {
    let (answers, stream) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut producer = None;
        loop {
            let outcome = tokio::select! {
                () = lost(&caller, producer.as_ref()) => Err(reason(&caller, producer.as_ref())),
                request = requests.next() => match request {
                    Some(Ok(request)) => answer(&ydb, &caller, &mut producer, request).await,
                    Some(Err(_)) | None => return,
                },
            };
            let failed = outcome.is_err();
            let (status, issues) = status::bare(&outcome);
            let message = FromServer {
                status,
                issues,
                server_message: outcome.ok(),
            };
            if answers.send(Ok(message)).await.is_err() || failed {
                return;
            }
        }
    });
    ReceiverStream::new(stream)
}

/// A producer that has said who it is.
struct Producer {
    path: String,
    id: String,
    place: Ownership,
}

/// Waits until the producer's place, its topic or its database goes.
async fn lost(caller: &Caller, producer: Option<&Producer>) {
    match producer {
        Some(producer) => producer.place.lost.cancelled().await,
        None => caller.database.closed.cancelled().await,
    }
}

fn reason(caller: &Caller, producer: Option<&Producer>) -> YdbError {
    let gone = || YdbError::no_path(&caller.database.path);
    let Some(Producer { path, id, place }) = producer else {
        return gone();
    };
    let topics = &caller.database.topics;
    let owner = topics.check_owner(path, id, place);
    owner.err().unwrap_or_else(gone)
}

async fn answer(
    ydb: &Ydb,
    caller: &Caller,
    producer: &mut Option<Producer>,
    request: FromClient,
) -> Result<ServerMessage, YdbError> {
    let missing = || YdbError::bad_request("the first message must be an init request");
    match request.client_message.ok_or_else(missing)? {
        ClientMessage::InitRequest(request) => {
            let (own, response) = init(caller, request)?;
            *producer = Some(own);
            Ok(ServerMessage::InitResponse(response))
        }
        ClientMessage::WriteRequest(request) => {
            let producer = producer.as_ref().ok_or_else(missing)?;
            write(caller, producer, request)
                .await
                .map(ServerMessage::WriteResponse)
        }
        ClientMessage::UpdateTokenRequest(request) => {
            let subject = ydb.iam().authenticate(Some(&request.token));
            subject.map_err(|status| YdbError::denied(status.message))?;
            Ok(ServerMessage::UpdateTokenResponse(UpdateTokenResponse {}))
        }
    }
}

fn init(caller: &Caller, request: InitRequest) -> Result<(Producer, InitResponse), YdbError> {
    caller.must(Permission::TopicWrite)?;
    let path = caller.absolute(&request.path);
    let id = if request.producer_id.is_empty() {
        Uuid::new_v4().to_string()
    } else {
        request.producer_id
    };
    let topics = &caller.database.topics;
    let codecs = topics.get(&path)?.settings.codecs;
    let (place, last_seq_no) = topics.own(&path, &id, wanted(request.partitioning.as_ref())?)?;
    let response = InitResponse {
        last_seq_no,
        session_id: place.session.to_string(),
        partition_id: signed(place.partition),
        supported_codecs: Some(SupportedCodecs { codecs }),
    };
    Ok((Producer { path, id, place }, response))
}

/// The partition that a producer asks for. A message group is its producer, so
/// the group's name says nothing more.
fn wanted(partitioning: Option<&Partitioning>) -> Result<Option<usize>, YdbError> {
    let id = match partitioning {
        None | Some(Partitioning::MessageGroupId(_)) => return Ok(None),
        Some(Partitioning::PartitionId(id)) => *id,
        Some(Partitioning::PartitionWithGeneration(partition)) => partition.partition_id,
    };
    let number = usize::try_from(id);
    let number = number.map_err(|_| YdbError::bad_request(format!("no partition {id}")))?;
    Ok(Some(number))
}

fn signed(partition: usize) -> i64 {
    i64::try_from(partition).unwrap_or(i64::MAX)
}

async fn write(
    caller: &Caller,
    producer: &Producer,
    request: WriteRequest,
) -> Result<WriteResponse, YdbError> {
    if request.tx.is_some() {
        return Err(YdbError::unsupported(
            "writing to a topic in a transaction is not supported by this emulator",
        ));
    }
    let codec = request.codec;
    let settings = caller.database.topics.get(&producer.path)?.settings;
    if !settings.codecs.is_empty() && !settings.codecs.contains(&codec) {
        return Err(YdbError::bad_request(format!(
            "the topic doesn't take codec {codec}"
        )));
    }
    let messages = request.messages.into_iter().map(|message| Message {
        number: message.seq_no,
        created_micros: message.created_at.map_or(0, |created| {
            let micros = created.seconds.saturating_mul(1_000_000);
            micros.saturating_add(i64::from(created.nanos) / 1000)
        }),
        codec,
        uncompressed_size: message.uncompressed_size,
        data: message.data,
        metadata: message
            .metadata_items
            .into_iter()
            .map(|item| (item.key, item.value))
            .collect(),
    });
    let messages: Vec<Message> = messages.collect();
    let numbers: Vec<i64> = messages.iter().map(|message| message.number).collect();
    let database = std::sync::Arc::clone(&caller.database);
    let partition_id = signed(producer.place.partition);
    let (path, id, place) = (
        producer.path.clone(),
        producer.id.clone(),
        producer.place.clone(),
    );
    let work = move || database.topics.append(&path, &id, &place, &messages);
    let written = tokio::task::spawn_blocking(work)
        .await
        .map_err(YdbError::internal)??;
    Ok(WriteResponse {
        acks: numbers.into_iter().zip(written).map(acknowledge).collect(),
        partition_id,
        write_statistics: Some(WriteStatistics::default()),
    })
}

fn acknowledge((seq_no, written): (i64, Written)) -> WriteAck {
    let status = match written {
        Written::At(offset) => MessageWriteStatus::Written(write_ack::Written { offset }),
        Written::AlreadyWritten => MessageWriteStatus::Skipped(write_ack::Skipped {
            reason: skipped::Reason::AlreadyWritten as i32,
        }),
    };
    WriteAck {
        seq_no,
        message_write_status: Some(status),
    }
}
