//! Operations on versions and their tags.

use serde_json::Value;
use yandex_cloud_rest::model::version::{LATEST, Version};

use super::Served;
use crate::cloud::plane::Deployment;
use crate::cloud::state::State;
use crate::cloud::{ACTIVE, Cloud, any, empty};
use crate::error::Status;

const VERSION: &str = "serverless.functions.v1.Version";

/// What the functions service needs to run a version.
pub(in crate::cloud) fn deployment(state: &State, id: &str) -> Result<Deployment, Status> {
    let version = &state.version(id)?.version;
    let function = state.function(&version.function_id)?;
    Ok(Deployment {
        function_id: version.function_id.clone(),
        folder_id: function.folder_id.clone(),
        version_id: version.id.clone(),
        entrypoint: version.entrypoint.clone(),
        zip: state.archive(id)?.as_ref().clone(),
        environment: version.environment.clone(),
        memory_bytes: u64::try_from(version.resources.memory).unwrap_or_default(),
        timeout: version.execution_timeout.unwrap_or_default().get(),
        concurrency: u32::try_from(version.concurrency)
            .unwrap_or_default()
            .max(1),
        service_account_id: Some(version.service_account_id.clone()).filter(|id| !id.is_empty()),
        metadata: has_metadata(version),
    })
}

/// Whether instances get tokens from the metadata service: yes, unless it is
/// switched off (documented).
fn has_metadata(version: &Version) -> bool {
    let options = version.metadata_options.as_ref();
    options.is_none_or(|options| options.gce_http_endpoint != "DISABLED")
}

pub(super) async fn deploy(cloud: &Cloud, id: &str) -> Result<(), Status> {
    let deployment = deployment(&cloud.state(), id)?;
    cloud.plane().deploy(deployment).await
}

/// A version that fails leaves nothing but its operation's error.
pub(super) fn created(
    cloud: &Cloud,
    id: &str,
    tags: Vec<String>,
    served: Served,
) -> Result<Value, Status> {
    let now = cloud.now();
    let mut state = cloud.state();
    if let Err(status) = served {
        state.remove_version(id);
        return Err(status);
    }
    let size = state.archive(id)?.len();
    let function_id = state.version(id)?.version.function_id.clone();
    // The newest version has $latest, whichever build ends last.
    let newest = state
        .versions_of(&function_id)
        .into_iter()
        .find(|stored| stored.version.status == ACTIVE || stored.version.id == id)
        .map(|stored| stored.version.id.clone());
    if let Some(mut stored) = state.versions.edit(id) {
        ACTIVE.clone_into(&mut stored.version.status);
        stored.version.image_size = i64::try_from(size).unwrap_or(i64::MAX);
    }
    let latest = (newest.as_deref() == Some(id)).then(|| LATEST.to_owned());
    for tag in latest.into_iter().chain(tags) {
        state.move_tag(&tag, id, now.as_ref());
        cloud.plane().set_tag(&function_id, &tag, id);
    }
    any(VERSION, &state.version(id)?.version)
}

pub(super) fn set_tag(cloud: &Cloud, id: &str, tag: &str) -> Result<Value, Status> {
    let now = cloud.now();
    let mut state = cloud.state();
    state.move_tag(tag, id, now.as_ref());
    let version = &state.version(id)?.version;
    cloud.plane().set_tag(&version.function_id, tag, id);
    any(VERSION, version)
}

pub(super) fn remove_tag(cloud: &Cloud, id: &str, tag: &str) -> Result<Value, Status> {
    let now = cloud.now();
    let mut state = cloud.state();
    let version = state.version(id)?.version.clone();
    // It may have moved on to another version meanwhile.
    if version.tags.iter().any(|own| own == tag) {
        state.drop_tag(&version.function_id, tag, now.as_ref());
        cloud.plane().remove_tag(&version.function_id, tag);
    }
    any(VERSION, &state.version(id)?.version)
}

pub(super) async fn stop(cloud: &Cloud, id: &str) -> Result<(), Status> {
    let function_id = cloud.state().version(id)?.version.function_id.clone();
    cloud.plane().delete_version(&function_id, id).await;
    Ok(())
}

pub(super) fn deleted(cloud: &Cloud, id: &str, served: Served) -> Result<Value, Status> {
    served?;
    let now = cloud.now();
    let mut state = cloud.state();
    let version = state.version(id)?.version.clone();
    for tag in &version.tags {
        state.drop_tag(&version.function_id, tag, now.as_ref());
    }
    state.remove_version(id);
    Ok(empty())
}
