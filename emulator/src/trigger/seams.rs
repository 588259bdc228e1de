//! What a trigger reads from and sends to; tests put something small in their
//! places.

use async_trait::async_trait;
use tokio::sync::watch;

use super::Key;
use crate::error::Status;
use crate::gateway::Gateways;
use crate::ydb::{Record, Ydb, YdbFailure};

/// Where records come from.
#[async_trait]
pub(super) trait Topics: std::fmt::Debug + Send + Sync {
    /// The next record's offset, now and whenever it changes.
    fn watch(&self, database: &str, topic: &str) -> Result<watch::Receiver<u64>, YdbFailure>;
    /// Records from an offset on.
    async fn read(
        &self,
        database: &str,
        topic: &str,
        from: u64,
        most: usize,
    ) -> Result<Vec<Record>, YdbFailure>;
    /// Where a trigger was when the emulator ended, if it outlives that.
    fn kept_place(&self, _key: &Key) -> Result<Option<u64>, YdbFailure> {
        Ok(None)
    }
    /// Keeps where a trigger is.
    fn keep_place(&self, _key: &Key, _place: u64) -> Result<(), YdbFailure> {
        Ok(())
    }
}

/// Where batches go.
pub(super) trait Sockets: std::fmt::Debug + Send + Sync {
    /// Sends to all sockets of a path; to how many.
    fn broadcast(
        &self,
        gateway_id: &str,
        path: &str,
        account: &str,
        payload: String,
    ) -> Result<usize, Status>;
}

#[async_trait]
impl Topics for Ydb {
    fn watch(&self, database: &str, topic: &str) -> Result<watch::Receiver<u64>, YdbFailure> {
        self.watch_topic(database, topic)
    }

    async fn read(
        &self,
        database: &str,
        topic: &str,
        from: u64,
        most: usize,
    ) -> Result<Vec<Record>, YdbFailure> {
        self.read_topic(database, topic, from, most).await
    }

    fn kept_place(&self, key: &Key) -> Result<Option<u64>, YdbFailure> {
        self.trigger_place(&key.database, &key.stream, &key.trigger_id)
    }

    fn keep_place(&self, key: &Key, place: u64) -> Result<(), YdbFailure> {
        self.keep_trigger_place(&key.database, &key.stream, &key.trigger_id, place)
    }
}

impl Sockets for Gateways {
    fn broadcast(
        &self,
        gateway_id: &str,
        path: &str,
        account: &str,
        payload: String,
    ) -> Result<usize, Status> {
        Gateways::broadcast(self, gateway_id, path, account, payload)
    }
}
