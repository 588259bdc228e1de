//! Operations: they begin with their metadata and end, some time later, with a
//! response or an error.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use yandex_cloud_rest::model::operation::Operation;

use super::Cloud;
use super::any::{any, type_url};
use crate::error::Status;
use crate::iam::Subject;

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
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) operation: Operation,
    pub(crate) folder_id: String,
    pub(crate) resource_id: String,
    sequence: u64,
}

/// All operations by id.
#[derive(Debug, Default)]
pub(crate) struct Operations(BTreeMap<String, Record>);

impl Operations {
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
    /// Starts an operation that `subject` asked for; `work` runs after the operation's delay and gives
    /// its response or its error.
    pub(crate) fn begin<W>(
        &self,
        subject: &Subject,
        target: &Target<'_>,
        work: W,
    ) -> Result<Operation, Status>
    where
        W: Future<Output = Result<Value, Status>> + Send + 'static,
    {
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
            };
            state.operations.0.insert(operation.id.clone(), record);
        }
        let (cloud, id, delay) = (self.clone(), operation.id.clone(), self.operation_delay());
        tokio::spawn(async move {
            pass(delay).await;
            let result = work.await;
            if let Err(status) = &result {
                // Shown while the rollback runs, which takes as long again.
                cloud.fail(&id, status);
                pass(delay).await;
            }
            cloud.end(&id, result.ok());
        });
        Ok(operation)
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

    fn edit(&self, id: &str, change: impl FnOnce(&mut Operation)) {
        let now = self.now();
        if let Some(record) = self.state().operations.0.get_mut(id) {
            record.operation.modified_at = now;
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
