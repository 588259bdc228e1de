//! Operations on workload identity federations and federated credentials.

use serde_json::Value;
use yandex_cloud_rest::model::workload::UpdateFederationRequest;

use crate::cloud::{Cloud, Mask, any, empty};
use crate::error::Status;

const FEDERATION: &str = "iam.v1.workload.oidc.Federation";

pub(super) fn created(cloud: &Cloud, id: &str) -> Result<Value, Status> {
    any(FEDERATION, &cloud.iam().federation(id)?)
}

pub(super) fn update(
    cloud: &Cloud,
    id: &str,
    request: UpdateFederationRequest,
    mask: &Mask,
) -> Result<Value, Status> {
    let mut federation = cloud.iam().federation(id)?;
    mask.set("name", &mut federation.name, request.name);
    mask.set(
        "description",
        &mut federation.description,
        request.description,
    );
    mask.set("disabled", &mut federation.enabled, !request.disabled);
    mask.set("audiences", &mut federation.audiences, request.audiences);
    mask.set("jwksUrl", &mut federation.jwks_url, request.jwks_url);
    mask.set("labels", &mut federation.labels, request.labels);
    cloud.iam().keep_federation(federation.clone());
    any(FEDERATION, &federation)
}

pub(super) fn delete(cloud: &Cloud, id: &str) -> Value {
    cloud.iam().remove_federation(id);
    empty()
}

pub(super) fn linked(cloud: &Cloud, id: &str) -> Result<Value, Status> {
    let credential = cloud.iam().federated_credential(id)?;
    any("iam.v1.workload.FederatedCredential", &credential)
}

pub(super) fn unlink(cloud: &Cloud, id: &str) -> Value {
    cloud.iam().remove_federated_credential(id);
    empty()
}
