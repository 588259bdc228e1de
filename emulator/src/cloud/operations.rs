//! Operations: they begin with their metadata and end, some time later, with a
//! response or an error.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use yandex_cloud_rest::model::operation::Operation;

use super::Cloud;
use super::any::{any, type_url};
use super::work::Work;
use crate::error::Status;
use crate::iam::Subject;
use crate::store::{Kept, Records, StateError, Store};

/// What an operation is about.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    /// For people, as in the cloud: "Create function".
    pub(crate) description: &'a str,
    /// The metadata's message, for example `iam.v1.CreateServiceAccountMetadata`.
    pub(crate) metadata_type: &'a str,
    /// Its fields.
    pub(crate) metadata: Value,
    /// The folder that the resource is in.
    pub(crate) folder_id: &'a str,
    /// The resource whose operations list has it.
    pub(crate) resource_id: &'a str,
}

/// An operation with what the API doesn't show.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) operation: Operation,
    pub(crate) folder_id: String,
    pub(crate) resource_id: String,
    sequence: u64,
    /// What is still to be done.
    pub(super) work: Option<Work>,
}

impl Kept for Record {
    const KIND: &'static str = "operation";
}

/// All operations by id.
#[derive(Debug, Default)]
pub(crate) struct Operations(Records<Record>);

impl Operations {
    pub(super) fn load(store: &Store) -> Result<Self, StateError> {
        Records::load(store).map(Self)
    }

    /// Those that aren't done.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = &Record> {
        self.0.values().filter(|record| !record.operation.done)
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Record> {
        self.0.get(id)
    }

    /// The last operations, newest first.
    pub(crate) fn newest(&self, most: usize) -> Vec<Operation> {
        let mut all: Vec<&Record> = self.0.values().collect();
        all.sort_by_key(|record| std::cmp::Reverse(record.sequence));
        let newest = all.into_iter().take(most);
        newest.map(|record| record.operation.clone()).collect()
    }

    /// Operations that run and whose metadata is of this package, for example
    /// `serverless.functions.v1`.
    pub(crate) fn running<'a>(&'a self, package: &str) -> impl Iterator<Item = &'a Record> {
        let prefix = type_url(&format!("{package}."));
        self.0.values().filter(move |record| {
            let metadata = record.operation.metadata.as_ref();
            let kind = metadata.and_then(|metadata| metadata["@type"].as_str());
            !record.operation.done && kind.is_some_and(|kind| kind.starts_with(&prefix))
        })
    }

    /// Operations of a resource, newest first, with a key that grows.
    pub(crate) fn of(&self, resource_id: &str) -> Vec<(String, Operation)> {
        let own = self
            .0
            .values()
            .filter(|record| record.resource_id == resource_id);
        let mut keyed: Vec<(String, Operation)> = own
            .map(|record| (newest_first(record.sequence), record.operation.clone()))
            .collect();
        keyed.sort_by(|one, other| one.0.cmp(&other.0));
        keyed
    }
}

/// Waits. Timers go by milliseconds, and no delay is none at all.
async fn pass(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

/// A text that sorts a higher number before a lower one.
pub(crate) fn newest_first(sequence: u64) -> String {
    format!("{:020}", u64::MAX - sequence)
}

impl Cloud {
    /// Starts an operation that `subject` asked for. `work` is done after the
    /// operation's delay and gives its response or its error.
    pub(crate) fn begin(
        &self,
        subject: &Subject,
        target: &Target<'_>,
        work: Work,
    ) -> Result<Operation, Status> {
        let now = self.now();
        let operation = Operation {
            id: self.ids().next("ope"),
            description: target.description.to_owned(),
            created_at: now.clone(),
            created_by: subject.id.clone(),
            modified_at: now,
            metadata: Some(any(target.metadata_type, &target.metadata)?),
            ..Operation::default()
        };
        {
            let mut state = self.state();
            let sequence = u64::try_from(state.operations.0.len()).unwrap_or(u64::MAX);
            let record = Record {
                operation: operation.clone(),
                folder_id: target.folder_id.to_owned(),
                resource_id: target.resource_id.to_owned(),
                sequence,
                work: Some(work.clone()),
            };
            state.operations.0.insert(operation.id.clone(), record);
        }
        tokio::spawn(self.clone().carry_out(operation.id.clone(), Some(work)));
        Ok(operation)
    }

    /// Goes on with the operations that an emulator before this one left.
    pub(super) fn go_on(&self) {
        let left: Vec<(String, Option<Work>)> = self
            .state()
            .operations
            .unfinished()
            .map(|record| (record.operation.id.clone(), record.work.clone()))
            .collect();
        for (id, work) in left {
            tokio::spawn(self.clone().carry_out(id, work));
        }
    }

    /// Without work there is only an error to be shown for a while.
    async fn carry_out(self, id: String, work: Option<Work>) {
        let delay = self.operation_delay();
        pass(delay).await;
        if let Some(work) = work {
            let served = work.serve(&self).await;
            let _unit = self.unit().await;
            match work.record(&self, served) {
                Ok(response) => return self.end(&id, Some(response)),
                Err(status) => self.fail(&id, &status),
            }
        }
        // Shown while the rollback runs, which takes as long again.
        pass(delay).await;
        let _unit = self.unit().await;
        self.end(&id, None);
    }

    fn operation_delay(&self) -> Duration {
        let delay = self.settings().operation_delay;
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.ids().between(millis(delay.low), millis(delay.high)))
    }

    fn fail(&self, id: &str, status: &Status) {
        tracing::info!(operation = id, error = %status, "operation failed");
        let error = serde_json::from_value(status.to_value()).ok();
        self.edit(id, |operation| operation.error = error);
    }

    fn end(&self, id: &str, response: Option<Value>) {
        self.edit(id, |operation| {
            operation.done = true;
            operation.response = response;
        });
    }

    /// The work is over, whatever came of it.
    fn edit(&self, id: &str, change: impl FnOnce(&mut Operation)) {
        let now = self.now();
        if let Some(mut record) = self.state().operations.0.edit(id) {
            record.operation.modified_at = now;
            record.work = None;
            change(&mut record.operation);
        }
    }

    /// One operation as it stands.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub(crate) fn operation(&self, id: &str) -> Result<Operation, Status> {
        self.operation_record(id).map(|record| record.operation)
    }

    /// One operation with its folder.
    pub(crate) fn operation_record(&self, id: &str) -> Result<Record, Status> {
        let state = self.state();
        let record = state.operations.get(id).cloned();
        record.ok_or_else(|| Status::not_found(format!("Operation {id} not found")))
    }
}
