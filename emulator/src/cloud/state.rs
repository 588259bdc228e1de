//! Records of the control plane. Service accounts, keys and bindings are the
//! identity service's.

use std::collections::BTreeMap;
use std::sync::Arc;

use yandex_cloud_rest::model::apigateway::ApiGateway;
use yandex_cloud_rest::model::database::Database;
use yandex_cloud_rest::model::function::{Function, ScalingPolicy};
use yandex_cloud_rest::model::trigger::Trigger;
use yandex_cloud_rest::model::version::Version;

use super::idempotency::Keys;
use super::operations::Operations;
use crate::error::Status;

/// A version with what the API doesn't give back.
#[derive(Debug, Clone)]
pub(crate) struct StoredVersion {
    pub(crate) version: Version,
    /// Grows with each version of the cloud.
    pub(crate) sequence: u64,
    /// The uploaded archive.
    pub(crate) archive: Arc<Vec<u8>>,
}

/// A gateway with its specification.
#[derive(Debug, Clone)]
pub(crate) struct StoredGateway {
    pub(crate) gateway: ApiGateway,
    /// As submitted.
    pub(crate) spec: String,
}

/// Which tag pointed where, and when (proto `FunctionTagHistoryRecord`).
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TagRecord {
    pub(crate) tag: String,
    pub(crate) function_id: String,
    pub(crate) function_version_id: String,
    pub(crate) effective_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effective_to: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) databases: BTreeMap<String, Database>,
    pub(crate) functions: BTreeMap<String, Function>,
    pub(crate) versions: BTreeMap<String, StoredVersion>,
    pub(crate) tag_history: Vec<TagRecord>,
    /// By function and tag.
    pub(crate) scaling: BTreeMap<(String, String), ScalingPolicy>,
    pub(crate) gateways: BTreeMap<String, StoredGateway>,
    pub(crate) triggers: BTreeMap<String, Trigger>,
    pub(crate) operations: Operations,
    pub(crate) keys: Keys,
    /// The last version's number.
    pub(crate) last_version: u64,
}

fn missing(kind: &str, id: &str) -> Status {
    Status::not_found(format!("{kind} {id} not found"))
}

impl State {
    pub(crate) fn database(&self, id: &str) -> Result<&Database, Status> {
        self.databases
            .get(id)
            .ok_or_else(|| missing("Database", id))
    }

    pub(crate) fn function(&self, id: &str) -> Result<&Function, Status> {
        self.functions
            .get(id)
            .ok_or_else(|| missing("Function", id))
    }

    pub(crate) fn version(&self, id: &str) -> Result<&StoredVersion, Status> {
        self.versions.get(id).ok_or_else(|| missing("Version", id))
    }

    pub(crate) fn gateway(&self, id: &str) -> Result<&StoredGateway, Status> {
        self.gateways
            .get(id)
            .ok_or_else(|| missing("API gateway", id))
    }

    pub(crate) fn trigger(&self, id: &str) -> Result<&Trigger, Status> {
        self.triggers.get(id).ok_or_else(|| missing("Trigger", id))
    }

    /// Versions of a function, newest first.
    pub(crate) fn versions_of(&self, function_id: &str) -> Vec<&StoredVersion> {
        let mut own: Vec<&StoredVersion> = self
            .versions
            .values()
            .filter(|stored| stored.version.function_id == function_id)
            .collect();
        own.sort_by_key(|stored| std::cmp::Reverse(stored.sequence));
        own
    }

    /// Points a tag of a function at one of its versions.
    pub(crate) fn move_tag(&mut self, tag: &str, version_id: &str, now: Option<&String>) {
        let Some(function_id) = self
            .versions
            .get(version_id)
            .map(|stored| stored.version.function_id.clone())
        else {
            return;
        };
        self.drop_tag(&function_id, tag, now);
        if let Some(stored) = self.versions.get_mut(version_id) {
            stored.version.tags.push(tag.to_owned());
            self.tag_history.push(TagRecord {
                tag: tag.to_owned(),
                function_id,
                function_version_id: version_id.to_owned(),
                effective_from: now.cloned(),
                effective_to: None,
            });
        }
    }

    /// Takes a tag away from whichever version has it.
    pub(crate) fn drop_tag(&mut self, function_id: &str, tag: &str, now: Option<&String>) {
        for stored in self.versions.values_mut() {
            if stored.version.function_id == function_id {
                stored.version.tags.retain(|own| own != tag);
            }
        }
        for record in &mut self.tag_history {
            let same = record.function_id == function_id && record.tag == tag;
            if same && record.effective_to.is_none() {
                record.effective_to = now.cloned();
            }
        }
    }
}

/// Refuses a name that another resource has. Empty names may repeat.
pub(crate) fn unique<'a>(
    kind: &str,
    name: &str,
    mut others: impl Iterator<Item = &'a str>,
) -> Result<(), Status> {
    if !name.is_empty() && others.any(|other| other == name) {
        return Err(Status::already_exists(format!(
            "{kind} with name {name} already exists"
        )));
    }
    Ok(())
}

/// Refuses a change while another operation on the resource runs: a guess,
/// how the cloud answers is undocumented.
pub(crate) fn settled(kind: &str, id: &str, status: &str) -> Result<(), Status> {
    match status {
        "CREATING" | "PROVISIONING" | "UPDATING" | "DELETING" | "STARTING" => Err(
            Status::failed_precondition(format!("{kind} {id} is {status}")),
        ),
        _ => Ok(()),
    }
}
