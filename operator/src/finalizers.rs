//! Finalizers: what keeps an object in Kubernetes until its turn to go has come.

use std::fmt::Debug;

use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::json;
use wschat_crds::MANAGER;

/// Puts finalizers on an object that was just read; nothing is written when it
/// has them all.
///
/// # Errors
/// Also when somebody changed the object meanwhile.
pub(crate) async fn put<K>(api: &Api<K>, object: &K, wanted: &[&str]) -> Result<(), kube::Error>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let mut all = object.finalizers().to_vec();
    let had = all.len();
    for one in wanted {
        if !all.iter().any(|own| own == one) {
            all.push((*one).to_owned());
        }
    }
    if all.len() == had {
        return Ok(());
    }
    set(api, object, &all).await
}

/// Takes a finalizer off an object that was just read.
///
/// # Errors
/// Also when somebody changed the object meanwhile; not when it is gone.
pub(crate) async fn take<K>(api: &Api<K>, object: &K, finalizer: &str) -> Result<(), kube::Error>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let mut all = object.finalizers().to_vec();
    all.retain(|own| own != finalizer);
    if all.len() == object.finalizers().len() {
        return Ok(());
    }
    match set(api, object, &all).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        other => other,
    }
}

/// Whether the object has the finalizer.
pub(crate) fn has<K: Resource>(object: &K, finalizer: &str) -> bool {
    object.finalizers().iter().any(|own| own == finalizer)
}

async fn set<K>(api: &Api<K>, object: &K, all: &[String]) -> Result<(), kube::Error>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let parameters = PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let patch = json!({ "metadata": {
        "finalizers": all,
        "resourceVersion": object.resource_version(),
    }});
    let name = object.name_any();
    api.patch(&name, &parameters, &Patch::Merge(patch))
        .await
        .map(drop)
}
