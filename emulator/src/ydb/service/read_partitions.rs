//! Which partitions a reader has: they come and go as its consumer's readers do.

use std::sync::Arc;

use ydb_grpc::ydb_proto::topic::OffsetsRange;
use ydb_grpc::ydb_proto::topic::stream_read_message::from_server::ServerMessage;
use ydb_grpc::ydb_proto::topic::stream_read_message::{
    PartitionSession, StartPartitionSessionRequest, StopPartitionSessionRequest,
};

use super::topic_read::{Reader, id, signed};
use crate::ydb::engine::{Order, PartitionKey};
use crate::ydb::status::YdbError;

/// A topic that is read, and what the reader is called there.
pub(super) struct Membership {
    pub(super) path: String,
    pub(super) reader: u64,
}

/// A partition session.
pub(super) struct Partition {
    pub(super) key: PartitionKey,
    pub(super) reader: u64,
    /// Where the next record to send is; none before the client agreed.
    pub(super) position: Option<u64>,
    pub(super) stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Running,
    /// The client was asked to give it up.
    Stopping,
    Ended,
}

impl Reader {
    /// Starts and stops what it was told to.
    pub(super) async fn obey(&mut self) -> Result<(), YdbError> {
        for at in 0..self.topics.len() {
            let Membership { path, reader } = &self.topics[at];
            let (path, reader) = (path.clone(), *reader);
            let topics = &self.caller.database.topics;
            for order in topics.orders(&path, &self.consumer, reader) {
                match order {
                    Order::Start(number) => {
                        let key = PartitionKey::new(&path, number);
                        self.start(key, reader).await?;
                    }
                    Order::Stop(number) => self.stop(&path, number).await?,
                }
            }
        }
        Ok(())
    }

    /// Asks the client to give a partition up, once.
    async fn stop(&mut self, path: &str, number: usize) -> Result<(), YdbError> {
        let running = |own: &Partition| {
            own.stage == Stage::Running && own.key.topic == path && own.key.number == number
        };
        let Some(at) = self.partitions.iter().position(running) else {
            return Ok(());
        };
        self.partitions[at].stage = Stage::Stopping;
        let topics = &self.caller.database.topics;
        let committed = topics.committed(&self.partitions[at].key, &self.consumer);
        let request = StopPartitionSessionRequest {
            partition_session_id: id(at),
            graceful: true,
            committed_offset: signed(committed),
            ..StopPartitionSessionRequest::default()
        };
        self.send(ServerMessage::StopPartitionSessionRequest(request))
            .await
    }

    /// The client gave a partition up: somebody else may have it.
    pub(super) fn stopped(&mut self, session: i64) -> Result<(), YdbError> {
        let partition = self.partition(session)?;
        partition.stage = Stage::Ended;
        let (key, reader) = (partition.key.clone(), partition.reader);
        let topics = &self.caller.database.topics;
        topics.release(&key, &self.consumer, reader);
        Ok(())
    }

    /// Offers a partition to the client.
    async fn start(&mut self, key: PartitionKey, reader: u64) -> Result<(), YdbError> {
        let topics = &self.caller.database.topics;
        let committed = topics.committed(&key, &self.consumer);
        let offsets = topics.offsets(&key)?;
        let mut end = topics.watch(&key)?;
        let news = Arc::clone(&self.news);
        self.watchers.spawn(async move {
            while end.changed().await.is_ok() {
                news.notify_one();
            }
        });
        let request = StartPartitionSessionRequest {
            partition_session: Some(PartitionSession {
                partition_session_id: id(self.partitions.len()),
                path: key.topic.clone(),
                partition_id: i64::try_from(key.number).unwrap_or(i64::MAX),
            }),
            committed_offset: signed(committed),
            partition_offsets: Some(OffsetsRange {
                start: signed(offsets.start),
                end: signed(offsets.end),
            }),
            partition_location: None,
        };
        self.partitions.push(Partition {
            key,
            reader,
            position: None,
            stage: Stage::Running,
        });
        self.send(ServerMessage::StartPartitionSessionRequest(request))
            .await
    }
}
