//! A reader's stream: it is given its share of the partitions of each topic,
//! each when no other reader of its consumer has it, and records as long as it
//! gives credit.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{Stream, StreamExt};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use uuid::Uuid;
use ydb_grpc::ydb_proto::topic::stream_read_message::commit_offset_response::PartitionCommittedOffset;
use ydb_grpc::ydb_proto::topic::stream_read_message::from_client::ClientMessage;
use ydb_grpc::ydb_proto::topic::stream_read_message::from_server::ServerMessage;
use ydb_grpc::ydb_proto::topic::stream_read_message::{
    CommitOffsetRequest, CommitOffsetResponse, FromClient, FromServer, InitRequest, InitResponse,
    PartitionSessionStatusResponse, ReadResponse, StartPartitionSessionResponse,
};
use ydb_grpc::ydb_proto::topic::{OffsetsRange, UpdateTokenResponse};

use super::read_batches::{partition_data, size, takes};
use super::read_partitions::{Membership, Partition, Stage};
use super::request::blocking;
use super::topic_description::with_consumer;
use crate::iam::Permission;
use crate::ydb::Ydb;
use crate::ydb::caller::Caller;
use crate::ydb::status::{self, YdbError};

/// Answers that may wait for a slow client.
const WAITING: usize = 64;
/// Records that are looked at at once.
const AT_ONCE: usize = 1000;

type Answer = Result<FromServer, Status>;

/// Serves a reader until it leaves, or until something fails.
pub(super) fn session(
    ydb: Ydb,
    caller: Caller,
    requests: Streaming<FromClient>,
) -> impl Stream<Item = Answer> + Send {
    let (answers, stream) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut reader = Reader::new(ydb, caller, answers);
        if let Err(error) = reader.serve(requests).await {
            let (status, issues) = status::bare(&Err::<(), _>(error));
            let last = FromServer {
                status,
                issues,
                server_message: None,
            };
            // The client may be gone, and then nobody wants to know.
            drop(reader.answers.send(Ok(last)).await);
        }
    });
    ReceiverStream::new(stream)
}

/// A client's stream.
pub(super) struct Reader {
    ydb: Ydb,
    pub(super) caller: Caller,
    answers: mpsc::Sender<Answer>,
    /// Without one, a name that nobody else has stands in for it.
    pub(super) consumer: String,
    is_nameless: bool,
    pub(super) topics: Vec<Membership>,
    /// By partition session id, which is the place in this list.
    pub(super) partitions: Vec<Partition>,
    credit: i64,
    /// Something may be there to send, to start or to stop.
    pub(super) news: Arc<Notify>,
    pub(super) watchers: JoinSet<()>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        for Membership { path, reader } in &self.topics {
            let topics = &self.caller.database.topics;
            topics.leave(path, &self.consumer, *reader);
            if self.is_nameless {
                topics.forget_nameless(path, &self.consumer);
            }
        }
    }
}

/// What the reader waits for.
enum Event {
    Request(Box<FromClient>),
    News,
    Gone(String),
    Left,
}

type Drops = FuturesUnordered<BoxFuture<'static, String>>;

impl Reader {
    fn new(ydb: Ydb, caller: Caller, answers: mpsc::Sender<Answer>) -> Self {
        Self {
            ydb,
            caller,
            answers,
            consumer: String::new(),
            is_nameless: false,
            topics: Vec::new(),
            partitions: Vec::new(),
            credit: 0,
            news: Arc::default(),
            watchers: JoinSet::new(),
        }
    }

    async fn serve(&mut self, mut requests: Streaming<FromClient>) -> Result<(), YdbError> {
        let mut drops = Drops::new();
        loop {
            let event = tokio::select! {
                request = requests.next() => match request {
                    Some(Ok(request)) => Event::Request(Box::new(request)),
                    Some(Err(_)) | None => Event::Left,
                },
                Some(path) = drops.next(), if !drops.is_empty() => Event::Gone(path),
                () = self.news.notified() => Event::News,
            };
            match event {
                Event::Request(request) => match request.client_message {
                    Some(ClientMessage::InitRequest(request)) => {
                        self.init(request, &mut drops).await?;
                    }
                    Some(message) => self.answer(message).await?,
                    None => return Err(YdbError::bad_request("an empty message")),
                },
                Event::News => self.obey().await?,
                Event::Gone(path) => return Err(YdbError::no_path(&path)),
                Event::Left => return Ok(()),
            }
            self.send_records().await?;
        }
    }

    pub(super) async fn send(&self, message: ServerMessage) -> Result<(), YdbError> {
        let (status, issues) = status::bare(&Ok::<(), YdbError>(()));
        let answer = FromServer {
            status,
            issues,
            server_message: Some(message),
        };
        let sent = self.answers.send(Ok(answer)).await;
        sent.map_err(|_| YdbError::internal("the reader left"))
    }

    async fn init(&mut self, request: InitRequest, drops: &mut Drops) -> Result<(), YdbError> {
        self.caller.must(Permission::TopicRead)?;
        self.is_nameless = request.consumer.is_empty();
        self.consumer = if self.is_nameless {
            Uuid::new_v4().to_string()
        } else {
            request.consumer
        };
        for settings in request.topics_read_settings {
            let topic = if !self.is_nameless {
                with_consumer(&self.caller, &settings.path, &self.consumer)?
            } else if settings.partition_ids.is_empty() {
                let message = "a reader without a consumer must name its partitions";
                return Err(YdbError::bad_request(message));
            } else {
                let path = self.caller.absolute(&settings.path);
                self.caller.database.topics.get(&path)?
            };
            // Clients send an empty one where none is meant.
            let unset = settings.read_from.is_none_or(|from| from.seconds == 0);
            if settings.max_lag.is_some() || !unset {
                return Err(YdbError::unsupported(
                    "max_lag and read_from are not supported by this emulator",
                ));
            }
            let topics = &self.caller.database.topics;
            let dropped = topics.dropped(&topic.path)?;
            let name = topic.path.clone();
            drops.push(Box::pin(async move {
                dropped.cancelled().await;
                name
            }));
            let news = Arc::clone(&self.news);
            let chosen = chosen(&settings.partition_ids);
            let reader = topics.join(&topic.path, &self.consumer, chosen, news)?;
            self.topics.push(Membership {
                path: topic.path,
                reader,
            });
        }
        let response = InitResponse {
            session_id: Uuid::new_v4().to_string(),
        };
        self.send(ServerMessage::InitResponse(response)).await
    }

    async fn answer(&mut self, message: ClientMessage) -> Result<(), YdbError> {
        match message {
            ClientMessage::InitRequest(_) => Err(YdbError::bad_request("a second init request")),
            ClientMessage::ReadRequest(request) => {
                self.credit = self.credit.saturating_add(request.bytes_size);
                Ok(())
            }
            ClientMessage::StartPartitionSessionResponse(response) => self.agreed(&response),
            ClientMessage::CommitOffsetRequest(request) => self.commit(&request).await,
            ClientMessage::PartitionSessionStatusRequest(request) => {
                self.tell_status(request.partition_session_id).await
            }
            ClientMessage::UpdateTokenRequest(request) => {
                let subject = self.ydb.iam().authenticate(Some(&request.token));
                subject.map_err(|status| YdbError::denied(status.message))?;
                let response = UpdateTokenResponse {};
                self.send(ServerMessage::UpdateTokenResponse(response))
                    .await
            }
            ClientMessage::StopPartitionSessionResponse(response) => {
                self.stopped(response.partition_session_id)
            }
            ClientMessage::DirectReadAck(_) => Err(YdbError::unsupported(
                "direct reading is not supported by this emulator",
            )),
        }
    }

    pub(super) fn partition(&mut self, session: i64) -> Result<&mut Partition, YdbError> {
        let found = usize::try_from(session).ok();
        let found = found.and_then(|at| self.partitions.get_mut(at.checked_sub(1)?));
        found.ok_or_else(|| YdbError::bad_request(format!("no partition session {session}")))
    }

    fn agreed(&mut self, response: &StartPartitionSessionResponse) -> Result<(), YdbError> {
        let database = Arc::clone(&self.caller.database);
        let consumer = self.consumer.clone();
        let partition = self.partition(response.partition_session_id)?;
        let topics = &database.topics;
        let mut committed = topics.committed(&partition.key, &consumer);
        if let Some(wanted) = response.commit_offset {
            let wanted = unsigned(wanted);
            let end = topics.offsets(&partition.key)?.end;
            if wanted > end {
                let message = format!("offset {wanted} is behind the end, {end}");
                return Err(YdbError::bad_request(message));
            }
            committed = topics.commit(&partition.key, &consumer, committed..wanted)?;
        }
        partition.position = Some(response.read_offset.map_or(committed, unsigned));
        Ok(())
    }

    async fn commit(&mut self, request: &CommitOffsetRequest) -> Result<(), YdbError> {
        if self.is_nameless {
            let message = "a reader without a consumer has no place to commit";
            return Err(YdbError::bad_request(message));
        }
        let database = Arc::clone(&self.caller.database);
        let consumer = self.consumer.clone();
        let mut committed = Vec::new();
        for own in &request.commit_offsets {
            let partition = self.partition(own.partition_session_id)?;
            if partition.stage == Stage::Ended {
                // It is somebody else's now.
                continue;
            }
            let mut place = database.topics.committed(&partition.key, &consumer);
            for range in &own.offsets {
                let (start, end) = (unsigned(range.start), unsigned(range.end));
                let topics = &database.topics;
                place = topics.commit(&partition.key, &consumer, start..end)?;
            }
            committed.push(PartitionCommittedOffset {
                partition_session_id: own.partition_session_id,
                committed_offset: signed(place),
            });
        }
        let response = CommitOffsetResponse {
            partitions_committed_offsets: committed,
        };
        self.send(ServerMessage::CommitOffsetResponse(response))
            .await
    }

    async fn tell_status(&mut self, session: i64) -> Result<(), YdbError> {
        let partition = self.partition(session)?;
        let (key, position) = (partition.key.clone(), partition.position);
        let topics = &self.caller.database.topics;
        let offsets = topics.offsets(&key)?;
        let committed = topics.committed(&key, &self.consumer);
        let response = PartitionSessionStatusResponse {
            partition_session_id: session,
            partition_offsets: Some(OffsetsRange {
                start: signed(offsets.start),
                end: signed(offsets.end),
            }),
            committed_offset: signed(committed),
            write_time_high_watermark: None,
            read_offset: signed(position.unwrap_or(committed)),
        };
        self.send(ServerMessage::PartitionSessionStatusResponse(response))
            .await
    }

    /// Sends what is there, while there is credit. The last record may overdraw
    /// it: a large one would never come otherwise.
    async fn send_records(&mut self) -> Result<(), YdbError> {
        for at in 0..self.partitions.len() {
            while self.credit > 0 {
                let Partition { key, stage, .. } = &self.partitions[at];
                let position = self.partitions[at].position;
                let Some(from) = position.filter(|_| *stage == Stage::Running) else {
                    break;
                };
                let (database, key) = (Arc::clone(&self.caller.database), key.clone());
                let read = move || database.topics.read(&key, from, AT_ONCE);
                let mut records = blocking(read).await?;
                records.truncate(takes(&records, self.credit));
                let Some(last) = records.last() else { break };
                self.partitions[at].position = Some(last.offset + 1);
                let bytes = size(&records);
                self.credit -= bytes;
                let response = ReadResponse {
                    partition_data: vec![partition_data(id(at), &records)],
                    bytes_size: bytes,
                };
                self.send(ServerMessage::ReadResponse(response)).await?;
            }
        }
        Ok(())
    }
}

/// The partitions that a client asks for; none when it takes all.
fn chosen(ids: &[i64]) -> Option<BTreeSet<usize>> {
    let numbers = ids
        .iter()
        .map(|id| usize::try_from(*id).unwrap_or(usize::MAX));
    (!ids.is_empty()).then(|| numbers.collect())
}

/// Partition sessions count from 1.
pub(super) fn id(at: usize) -> i64 {
    i64::try_from(at + 1).unwrap_or(i64::MAX)
}

pub(super) fn signed(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

fn unsigned(offset: i64) -> u64 {
    u64::try_from(offset).unwrap_or_default()
}
