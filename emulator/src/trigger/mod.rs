//! Data Streams triggers that broadcast a topic to the sockets of a path, at
//! most once (reference §3.7, §4.4).
//!
//! Guesses, where the documents are silent: a new trigger starts at the topic's
//! end, a paused one goes on where it was, a record that isn't JSON is dropped
//! alone, and while the role to read is missing nothing is read or lost.

mod batch;
mod follow;
mod seams;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use crate::cloud::plane::TriggerDefinition;
use crate::gateway::Gateways;
use crate::inspect::Inspector;
use crate::traffic::Traffic;
use crate::ydb::Ydb;
use seams::{Sockets, Topics};

/// What a position belongs to: another topic has another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    trigger_id: String,
    database: String,
    stream: String,
}

impl Key {
    fn of(definition: &TriggerDefinition) -> Self {
        Self {
            trigger_id: definition.trigger_id.clone(),
            database: definition.database.clone(),
            stream: definition.stream.clone(),
        }
    }
}

#[derive(Debug)]
struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    inspector: Inspector,
    topics: Box<dyn Topics>,
    sockets: Box<dyn Sockets>,
    start_delay: Duration,
    traffic: Traffic,
    /// Offsets of the first records that weren't sent yet.
    positions: Mutex<HashMap<Key, u64>>,
    /// By id; stopped ones stay, so that their successors can wait for them.
    running: Mutex<HashMap<String, Running>>,
}

impl Inner {
    fn positions(&self) -> MutexGuard<'_, HashMap<Key, u64>> {
        self.positions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn position(&self, key: &Key) -> Option<u64> {
        self.positions().get(key).copied()
    }

    fn keep_position(&self, key: &Key, position: u64) {
        self.positions().insert(key.clone(), position);
    }
}

/// All triggers; clones share them.
#[derive(Debug, Clone)]
pub struct Triggers(Arc<Inner>);

impl Triggers {
    /// None yet. The cloud may need minutes until a new trigger works: that is
    /// `start_delay`. What they do is told to `traffic`.
    #[must_use]
    pub fn new(
        inspector: Inspector,
        ydb: Ydb,
        gateways: Gateways,
        start_delay: Duration,
        traffic: Traffic,
    ) -> Self {
        Self::between(
            inspector,
            Box::new(ydb),
            Box::new(gateways),
            start_delay,
            traffic,
        )
    }

    fn between(
        inspector: Inspector,
        topics: Box<dyn Topics>,
        sockets: Box<dyn Sockets>,
        start_delay: Duration,
        traffic: Traffic,
    ) -> Self {
        Self(Arc::new(Inner {
            inspector,
            topics,
            sockets,
            start_delay,
            traffic,
            positions: Mutex::default(),
            running: Mutex::default(),
        }))
    }

    /// Starts a trigger, instead of an older one of its id; one that ran
    /// before on the same topic goes on where it was.
    pub fn start(&self, definition: TriggerDefinition) {
        let id = definition.trigger_id.clone();
        let mut running = self.0.running();
        let older = running.remove(&id);
        let stop = CancellationToken::new();
        let task = tokio::spawn(run_after(
            older,
            Arc::clone(&self.0),
            definition,
            stop.clone(),
        ));
        running.insert(id, Running { stop, task });
    }

    /// Stops a trigger: paused, or deleted.
    pub fn stop(&self, trigger_id: &str) {
        if let Some(running) = self.0.running().get(trigger_id) {
            running.stop.cancel();
        }
    }

    /// Stops all of them.
    pub fn shutdown(&self) {
        for running in self.0.running().values() {
            running.stop.cancel();
        }
    }
}

/// Two of one id never run at once: they would send everything twice.
async fn run_after(
    older: Option<Running>,
    inner: Arc<Inner>,
    definition: TriggerDefinition,
    stop: CancellationToken,
) {
    if let Some(older) = older {
        older.stop.cancel();
        if let Err(error) = older.task.await {
            tracing::warn!(%error, trigger = definition.trigger_id, "the trigger broke");
        }
    }
    tokio::select! {
        () = stop.cancelled() => {}
        () = follow::run(&inner, &definition) => {}
    }
}
