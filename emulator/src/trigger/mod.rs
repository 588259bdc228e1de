//! Data Streams triggers, which broadcast a topic to the sockets of a path, at
//! most once, or call a function with its records, as often as their settings
//! say (reference §3.7, §4.4; functions/concepts/trigger/data-streams-trigger).
//!
//! Guesses, where the documents are silent: a new trigger starts at the topic's
//! end, and at the beginning of a topic or partition that is newer than itself;
//! a paused one goes on where it was, a record that isn't JSON is dropped alone,
//! and while the role to read or the topic is missing nothing is read or lost.
//! A rule has no consumer to name (proto), so positions are the trigger's own.

mod batch;
mod deliver;
mod follow;
mod seams;

#[cfg(any(test, fuzzing))]
#[expect(clippy::expect_used, reason = "a panic is how a target fails")]
pub(crate) mod fuzzing;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use crate::cloud::plane::TriggerDefinition;
use crate::functions::Functions;
use crate::gateway::Gateways;
use crate::inspect::Inspector;
use crate::store::{Kept, Records, StateError, Store};
use crate::traffic::Traffic;
use crate::ydb::{Ydb, YdbFailure};
use follow::Before;
use seams::{LiveTargets, Targets, Topics};

/// What positions belong to: another topic has others.
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

    /// What it is filed under.
    fn id(&self) -> String {
        format!("{} {} {}", self.trigger_id, self.database, self.stream)
    }
}

/// A trigger looked at its topic.
#[derive(Debug, Serialize, Deserialize)]
struct Begun;

impl Kept for Begun {
    const KIND: &'static str = "begun-trigger";
}

/// A partition that a trigger reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    key: Key,
    partition: usize,
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
    targets: Box<dyn Targets>,
    start_delay: Duration,
    traffic: Traffic,
    /// Offsets of the first records that weren't sent yet.
    positions: Mutex<HashMap<Place, u64>>,
    /// Triggers that looked at their topic already, with that topic.
    begun: Mutex<Records<Begun>>,
    /// By id; stopped ones stay, so that their successors can wait for them.
    running: Mutex<HashMap<String, Running>>,
}

impl Inner {
    fn positions(&self) -> MutexGuard<'_, HashMap<Place, u64>> {
        self.positions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begun(&self) -> MutexGuard<'_, Records<Begun>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, what isn't known of the topic is newer than the trigger.
    fn has_begun(&self, key: &Key) {
        if !self.has_started(key) {
            self.begun().insert(key.id(), Begun);
        }
    }

    fn has_started(&self, key: &Key) -> bool {
        self.begun().contains_key(&key.id())
    }

    fn position(&self, place: &Place) -> Result<Option<u64>, YdbFailure> {
        match self.positions().get(place) {
            Some(position) => Ok(Some(*position)),
            None => self.topics.kept_place(place),
        }
    }

    fn before(&self, place: &Place) -> Result<Before, YdbFailure> {
        Ok(match self.position(place)? {
            Some(position) => Before::Until(position),
            None if self.has_started(&place.key) => Before::Newer,
            None => Before::Nothing,
        })
    }

    fn keep_position(&self, place: &Place, position: u64) -> Result<(), YdbFailure> {
        let mut positions = self.positions();
        if positions.get(place) != Some(&position) {
            self.topics.keep_place(place, position)?;
            positions.insert(place.clone(), position);
        }
        Ok(())
    }
}

/// All triggers; clones share them.
#[derive(Debug, Clone)]
pub struct Triggers(Arc<Inner>);

impl Triggers {
    /// None run yet; those that did on an earlier start are in the store. The
    /// cloud may need minutes until a new trigger works: that is `start_delay`, by
    /// the emulated clock. What they do is told to `traffic`.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn load(
        inspector: Inspector,
        ydb: Ydb,
        (gateways, functions): (Gateways, Functions),
        start_delay: Duration,
        traffic: Traffic,
        store: &Store,
    ) -> Result<Self, StateError> {
        let begun = Records::load(store)?;
        let targets = LiveTargets {
            gateways,
            functions,
        };
        let (topics, targets) = (Box::new(ydb), Box::new(targets));
        Ok(Self::between(
            inspector,
            topics,
            targets,
            start_delay,
            traffic,
            begun,
        ))
    }

    fn between(
        inspector: Inspector,
        topics: Box<dyn Topics>,
        targets: Box<dyn Targets>,
        start_delay: Duration,
        traffic: Traffic,
        begun: Records<Begun>,
    ) -> Self {
        Self(Arc::new(Inner {
            inspector,
            topics,
            targets,
            start_delay,
            traffic,
            positions: Mutex::default(),
            begun: Mutex::new(begun),
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
