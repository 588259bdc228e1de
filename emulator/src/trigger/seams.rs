//! What a trigger reads from and sends to; tests put something small in their
//! places.

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::watch;

use super::Place;
use crate::cloud::plane::FunctionTarget;
use crate::error::Status;
use crate::functions::{Functions, InvokeError};
use crate::gateway::Gateways;
use crate::iam::Subject;
use crate::ydb::{Record, Ydb, YdbFailure};

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// Path of the database.
    pub(super) database: String,
    /// Name of the topic in it.
    pub(super) topic: String,
    /// The partition's number.
    pub(super) partition: usize,
}

/// Where records come from.
#[async_trait]
pub(super) trait Topics: std::fmt::Debug + Send + Sync {
    /// How many partitions a topic has.
    fn partitions(&self, database: &str, topic: &str) -> Result<usize, YdbFailure>;
    /// The next record's offset, now and whenever it changes.
    fn watch(&self, source: &Source) -> Result<watch::Receiver<u64>, YdbFailure>;
    /// Records from an offset on.
    async fn read(
        &self,
        source: &Source,
        from: u64,
        most: usize,
    ) -> Result<Vec<Record>, YdbFailure>;
    /// Where a trigger was when the emulator ended, if that is remembered.
    fn kept_place(&self, _place: &Place) -> Result<Option<u64>, YdbFailure> {
        Ok(None)
    }
    /// Remembers where a trigger is.
    fn keep_place(&self, _place: &Place, _position: u64) -> Result<(), YdbFailure> {
        Ok(())
    }
}

/// Where batches go.
#[async_trait]
pub(super) trait Targets: std::fmt::Debug + Send + Sync {
    /// Sends to all sockets of a path; to how many.
    fn broadcast(
        &self,
        gateway_id: &str,
        path: &str,
        account: &str,
        payload: String,
    ) -> Result<usize, Status>;
    /// Calls a function.
    async fn invoke(&self, function: &FunctionTarget, event: Value) -> Result<(), InvokeError>;
}

#[async_trait]
impl Topics for Ydb {
    fn partitions(&self, database: &str, topic: &str) -> Result<usize, YdbFailure> {
        self.topic_partitions(database, topic)
    }

    fn watch(&self, source: &Source) -> Result<watch::Receiver<u64>, YdbFailure> {
        self.watch_topic(&source.database, &source.topic, source.partition)
    }

    async fn read(
        &self,
        source: &Source,
        from: u64,
        most: usize,
    ) -> Result<Vec<Record>, YdbFailure> {
        let Source {
            database,
            topic,
            partition,
        } = source;
        self.read_topic(database, (topic, *partition), from, most)
            .await
    }

    fn kept_place(&self, place: &Place) -> Result<Option<u64>, YdbFailure> {
        let Place { key, partition } = place;
        self.trigger_place(&key.database, (&key.stream, *partition), &key.trigger_id)
    }

    fn keep_place(&self, place: &Place, position: u64) -> Result<(), YdbFailure> {
        let Place { key, partition } = place;
        let partition = (key.stream.as_str(), *partition);
        self.keep_trigger_place(&key.database, partition, &key.trigger_id, position)
    }
}

/// The real ones.
#[derive(Debug)]
pub(super) struct LiveTargets {
    pub(super) gateways: Gateways,
    pub(super) functions: Functions,
}

#[async_trait]
impl Targets for LiveTargets {
    fn broadcast(
        &self,
        gateway_id: &str,
        path: &str,
        account: &str,
        payload: String,
    ) -> Result<usize, Status> {
        self.gateways.broadcast(gateway_id, path, account, payload)
    }

    /// As a raw call, whose result doesn't matter (documented).
    async fn invoke(&self, function: &FunctionTarget, event: Value) -> Result<(), InvokeError> {
        let account = function.service_account_id.clone();
        let caller = account.map(|id| Subject { id });
        let (id, tag) = (&function.function_id, &function.tag);
        self.functions.authorize(id, caller.as_ref())?;
        self.functions.invoke(id, tag, event).await.map(drop)
    }
}
