//! Installing the `WsChat` definition, from the file that users apply.

use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use wschat_crds::{ConditionStatus, WsChat};

use crate::binaries::workspace_root;
use crate::wait::{TimedOut, wait_for};

const ESTABLISHED_LIMIT: Duration = Duration::from_secs(20);
const FIELD_MANAGER: &str = "wschat-tests";

/// The definition could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The file isn't there.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no definition.
    #[error("{} is no CustomResourceDefinition: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_norway::Error,
    },
    /// The API server refused it.
    #[error("the API server refuses the definition: {0}")]
    Refused(Box<kube::Error>),
    /// It is accepted and not served.
    #[error(transparent)]
    NotEstablished(#[from] TimedOut),
}

/// A chat with nothing in its spec: the API server fills in the defaults.
pub fn smallest_chat(name: &str) -> Result<WsChat, serde_json::Error> {
    serde_json::from_value(serde_json::json!({
        "apiVersion": "wschat.dev/v1alpha1",
        "kind": "WsChat",
        "metadata": { "name": name },
        "spec": {},
    }))
}

/// Applies `crds/wschat.yaml` and waits until the API server serves it.
pub async fn install(client: kube::Client) -> Result<CustomResourceDefinition, InstallError> {
    let path = workspace_root().join("crds/wschat.yaml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) => return Err(InstallError::Read { path, source }),
    };
    let definition: CustomResourceDefinition = match serde_norway::from_str(&text) {
        Ok(definition) => definition,
        Err(source) => return Err(InstallError::Parse { path, source }),
    };
    let name = definition.name_any();
    let api: Api<CustomResourceDefinition> = Api::all(client);
    let apply = PatchParams::apply(FIELD_MANAGER).force();
    let applied = api
        .patch(&name, &apply, &Patch::Apply(&definition))
        .await
        .map_err(|source| InstallError::Refused(Box::new(source)))?;
    let established = wait_for(
        &api,
        &name,
        format!("{name} to be Established"),
        ESTABLISHED_LIMIT,
        |definition| definition.is_some_and(is_established),
    )
    .await?;
    Ok(established.unwrap_or(applied))
}

/// Whether the API server serves it.
#[must_use]
pub fn is_established(definition: &CustomResourceDefinition) -> bool {
    definition
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten())
        .any(|condition| condition.type_ == "Established" && condition.status == "True")
}

/// Whether the condition Ready is True for what the spec says now.
#[must_use]
pub fn newest_is_ready(chat: &WsChat) -> bool {
    let conditions = chat.status.iter().flat_map(|status| &status.conditions);
    let mut ready = conditions.filter(|condition| condition.type_ == "Ready");
    ready.any(|condition| {
        condition.status == ConditionStatus::True
            && condition.observed_generation == chat.metadata.generation
    })
}
