//! Records of the control plane. Service accounts, keys and bindings are the
//! identity service's.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use yandex_cloud_rest::model::apigateway::ApiGateway;
use yandex_cloud_rest::model::database::Database;
use yandex_cloud_rest::model::function::{Function, ScalingPolicy};
use yandex_cloud_rest::model::trigger::Trigger;
use yandex_cloud_rest::model::version::Version;

use super::CloudSettings;
use super::idempotency::Keys;
use super::operations::Operations;
use crate::error::Status;
use crate::store::{Edit, Kept, Records, StateError, Store};

/// A version with what the API doesn't give back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredVersion {
    pub(crate) version: Version,
    /// Grows with each version of the cloud.
    pub(crate) sequence: u64,
}

/// A version's uploaded archive. It is a record of its own, since it is large
/// and never changes.
#[derive(Debug, Clone)]
pub(crate) struct Archive(pub(crate) Arc<Vec<u8>>);

impl Serialize for Archive {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0.as_slice()))
    }
}

impl<'de> Deserialize<'de> for Archive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(D::Error::custom)?;
        Ok(Self(Arc::new(bytes)))
    }
}

/// A gateway with its specification.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredGateway {
    pub(crate) gateway: ApiGateway,
    /// As submitted.
    pub(crate) spec: String,
}

/// Which tag pointed where, and when (proto `FunctionTagHistoryRecord`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TagRecord {
    pub(crate) tag: String,
    pub(crate) function_id: String,
    pub(crate) function_version_id: String,
    pub(crate) effective_from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) effective_to: Option<String>,
}

macro_rules! kept {
    ($($record:ty => $kind:literal),* $(,)?) => {
        $(impl Kept for $record {
            const KIND: &'static str = $kind;
        })*
    };
}
kept! {
    Database => "database",
    Function => "function",
    StoredVersion => "version",
    Archive => "archive",
    TagRecord => "tag-record",
    ScalingPolicy => "scaling-policy",
    StoredGateway => "gateway",
    Trigger => "trigger",
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) databases: Records<Database>,
    pub(crate) functions: Records<Function>,
    pub(crate) versions: Records<StoredVersion>,
    /// By version.
    archives: Records<Archive>,
    pub(crate) tag_history: Records<TagRecord>,
    /// By [`scaling_id`].
    pub(crate) scaling: Records<ScalingPolicy>,
    pub(crate) gateways: Records<StoredGateway>,
    pub(crate) triggers: Records<Trigger>,
    pub(crate) operations: Operations,
    pub(crate) keys: Keys,
    store: Store,
    /// The last version's number.
    last_version: u64,
}

/// Where the last version's number is kept.
const LAST_VERSION: &str = "last-version";

/// Of a function's tag.
pub(crate) fn scaling_id(function_id: &str, tag: &str) -> String {
    format!("{function_id} {tag}")
}

pub(super) fn missing(kind: &str, id: &str) -> Status {
    Status::not_found(format!("{kind} {id} not found"))
}

impl State {
    /// What is in the store.
    pub(super) fn load(store: &Store) -> Result<Self, StateError> {
        Ok(Self {
            databases: Records::load(store)?,
            functions: Records::load(store)?,
            versions: Records::load(store)?,
            archives: Records::load(store)?,
            tag_history: Records::load(store)?,
            scaling: Records::load(store)?,
            gateways: Records::load(store)?,
            triggers: Records::load(store)?,
            operations: Operations::load(store)?,
            keys: Keys::load(store)?,
            last_version: store.kept(LAST_VERSION)?.unwrap_or_default(),
            store: store.clone(),
        })
    }

    /// Says anew where things are: other addresses may be listened on than when
    /// the state was left.
    pub(super) fn readdress(&mut self, settings: &CloudSettings) {
        self.databases.edit_those(
            |database| database.endpoint != settings.database_endpoint(&database.id),
            |database| database.endpoint = settings.database_endpoint(&database.id),
        );
        self.functions.edit_those(
            |function| function.http_invoke_url != settings.invoke_url(&function.id),
            |function| function.http_invoke_url = settings.invoke_url(&function.id),
        );
        self.operations.readdress(settings);
    }

    pub(crate) fn database(&self, id: &str) -> Result<&Database, Status> {
        self.databases
            .get(id)
            .ok_or_else(|| missing("Database", id))
    }

    pub(super) fn edit_database(&mut self, id: &str) -> Result<Edit<'_, Database>, Status> {
        let database = self.databases.edit(id);
        database.ok_or_else(|| missing("Database", id))
    }

    pub(super) fn edit_function(&mut self, id: &str) -> Result<Edit<'_, Function>, Status> {
        let function = self.functions.edit(id);
        function.ok_or_else(|| missing("Function", id))
    }

    pub(super) fn edit_gateway(&mut self, id: &str) -> Result<Edit<'_, StoredGateway>, Status> {
        let gateway = self.gateways.edit(id);
        gateway.ok_or_else(|| missing("API gateway", id))
    }

    pub(crate) fn function(&self, id: &str) -> Result<&Function, Status> {
        self.functions
            .get(id)
            .ok_or_else(|| missing("Function", id))
    }

    pub(crate) fn version(&self, id: &str) -> Result<&StoredVersion, Status> {
        self.versions.get(id).ok_or_else(|| missing("Version", id))
    }

    /// A version's archive.
    pub(crate) fn archive(&self, id: &str) -> Result<Arc<Vec<u8>>, Status> {
        let archive = self.archives.get(id).map(|archive| Arc::clone(&archive.0));
        archive.ok_or_else(|| missing("Archive of version", id))
    }

    /// Adds a version with its archive.
    pub(crate) fn add_version(&mut self, version: Version, archive: Arc<Vec<u8>>) {
        self.last_version += 1;
        self.store.keep(LAST_VERSION, &self.last_version);
        let id = version.id.clone();
        self.archives.insert(id.clone(), Archive(archive));
        let sequence = self.last_version;
        self.versions
            .insert(id, StoredVersion { version, sequence });
    }

    /// Removes a version with its archive.
    pub(super) fn remove_version(&mut self, id: &str) {
        self.versions.remove(id);
        self.archives.remove(id);
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
        if let Some(mut stored) = self.versions.edit(version_id) {
            stored.version.tags.push(tag.to_owned());
            let _number = self.tag_history.push(TagRecord {
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
        self.versions.edit_those(
            |stored| {
                let version = &stored.version;
                version.function_id == function_id && version.tags.iter().any(|own| own == tag)
            },
            |stored| stored.version.tags.retain(|own| own != tag),
        );
        self.tag_history.edit_those(
            |record| {
                let same = record.function_id == function_id && record.tag == tag;
                same && record.effective_to.is_none()
            },
            |record| record.effective_to = now.cloned(),
        );
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
