//! Data Streams triggers that broadcast a topic to the sockets of a path, at
//! most once.
//!
//! Guesses, where the documents are silent: a trigger starts at the topic's
//! end, its position lives as long as it does, a record that isn't JSON is
//! dropped alone, and what can't be sent is lost.

mod batch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cloud::plane::TriggerDefinition;
use crate::error::Status;
use crate::gateway::Gateways;
use crate::iam::{Iam, Permission, Resource, Subject};
use crate::ydb::{Record, Ydb, YdbFailure};
use batch::Batch;

/// Records that are read at once.
const READ_AT_ONCE: usize = 256;
/// How long a trigger waits after a failure, such as a missing role or topic.
const RETRY: Duration = Duration::from_millis(500);

/// Why a batch was not read or sent.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{}", .0.message)]
    Cloud(Status),
    #[error(transparent)]
    Ydb(#[from] YdbFailure),
    #[error("the topic is gone")]
    Gone(#[from] watch::error::RecvError),
}

#[derive(Debug)]
struct Inner {
    iam: Iam,
    ydb: Ydb,
    gateways: Gateways,
    start_delay: Duration,
    running: Mutex<HashMap<String, CancellationToken>>,
}

/// All triggers; clones share them.
#[derive(Debug, Clone)]
pub struct Triggers(Arc<Inner>);

impl Triggers {
    /// None yet. The cloud may need minutes until a new trigger works: that is
    /// `start_delay`.
    #[must_use]
    pub fn new(iam: Iam, ydb: Ydb, gateways: Gateways, start_delay: Duration) -> Self {
        Self(Arc::new(Inner {
            iam,
            ydb,
            gateways,
            start_delay,
            running: Mutex::default(),
        }))
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a trigger, instead of an older one of its id.
    pub fn start(&self, definition: TriggerDefinition) {
        let stop = CancellationToken::new();
        let older = self
            .running()
            .insert(definition.trigger_id.clone(), stop.clone());
        if let Some(older) = older {
            older.cancel();
        }
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = inner.run(&definition) => {}
            }
        });
    }

    /// Stops a trigger: paused, or deleted.
    pub fn stop(&self, trigger_id: &str) {
        if let Some(stop) = self.running().remove(trigger_id) {
            stop.cancel();
        }
    }

    /// Stops all of them.
    pub fn shutdown(&self) {
        for (_, stop) in self.running().drain() {
            stop.cancel();
        }
    }
}

impl Inner {
    async fn run(&self, definition: &TriggerDefinition) {
        tokio::time::sleep(self.start_delay).await;
        let mut position = None;
        loop {
            if let Err(error) = self.follow(definition, &mut position).await {
                tracing::warn!(trigger = definition.trigger_id, %error, "nothing is delivered");
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Reads and sends until something fails. The position outlives failures.
    async fn follow(
        &self,
        definition: &TriggerDefinition,
        position: &mut Option<u64>,
    ) -> Result<(), Failure> {
        let TriggerDefinition {
            database, stream, ..
        } = definition;
        let mut end = self.ydb.watch_topic(database, stream)?;
        let position = position.get_or_insert(*end.borrow());
        let mut batch = Batch::new(definition.batch_size_bytes, definition.cutoff);
        loop {
            self.may_read(definition)?;
            let records = self
                .ydb
                .read_topic(database, stream, *position, READ_AT_ONCE)
                .await?;
            let all_read = records.is_empty();
            for Record { offset, data, .. } in records {
                *position = offset + 1;
                if let Some(payload) = batch.add(&data) {
                    self.send(definition, payload);
                }
            }
            if all_read {
                tokio::select! {
                    // Returns at once when there is something newer than was seen.
                    changed = end.changed() => changed?,
                    () = batch.due() => {
                        if let Some(payload) = batch.take() {
                            self.send(definition, payload);
                        }
                    }
                }
            }
        }
    }

    fn may_read(&self, definition: &TriggerDefinition) -> Result<(), Failure> {
        let subject = Subject {
            id: definition.service_account_id.clone(),
        };
        let folder = Resource::folder(&definition.folder_id);
        let allowed = self.iam.authorize(&subject, Permission::TopicRead, &folder);
        allowed.map_err(Failure::Cloud)
    }

    /// At most once: what can't be sent is lost.
    fn send(&self, definition: &TriggerDefinition, payload: String) {
        let TriggerDefinition {
            gateway_id,
            path,
            broadcaster_service_account_id: account,
            ..
        } = definition;
        if let Err(error) = self.gateways.broadcast(gateway_id, path, account, payload) {
            tracing::warn!(trigger = definition.trigger_id, %error.message, "a batch is lost");
        }
    }
}
