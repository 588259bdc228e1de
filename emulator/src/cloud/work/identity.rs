//! Operations on service accounts, keys and access bindings.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use yandex_cloud_rest::model::access::{
    AccessBinding, AccessBindingAction, AccessBindingDelta, AccessSubject,
};
use yandex_cloud_rest::model::iam::UpdateServiceAccountRequest;

use crate::cloud::{Cloud, Mask, any, empty, service_account};
use crate::error::Status;
use crate::iam::accounts::{AccountState, account_not_found};
use crate::iam::{Account, Binding, Delta, DeltaAction, Resource, ResourceKind};

/// What a change of bindings ends with; it differs by service (reference §1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BindingsResponse {
    /// `AccessBindingsOperationResult`: folders, service accounts.
    EffectiveDeltas,
    /// Serverless services.
    Empty,
}

pub(super) fn account_created(cloud: &Cloud, id: &str) -> Result<Value, Status> {
    change_account(cloud, id, |account| account.state = AccountState::Active)
}

pub(super) fn update_account(
    cloud: &Cloud,
    id: &str,
    request: UpdateServiceAccountRequest,
    mask: &Mask,
) -> Result<Value, Status> {
    change_account(cloud, id, |account| {
        mask.set("name", &mut account.name, request.name);
        mask.set("description", &mut account.description, request.description);
        mask.set("labels", &mut account.labels, request.labels);
    })
}

fn change_account(
    cloud: &Cloud,
    id: &str,
    edit: impl FnOnce(&mut Account),
) -> Result<Value, Status> {
    let account = cloud.iam().change_account(id, edit);
    let account = account.ok_or_else(|| account_not_found(id))?;
    any("iam.v1.ServiceAccount", &service_account(&account))
}

pub(super) fn delete_account(cloud: &Cloud, id: &str) -> Value {
    cloud.iam().remove_account(id);
    empty()
}

pub(super) fn delete_key(cloud: &Cloud, id: &str) -> Value {
    cloud.iam().remove_key(id);
    empty()
}

pub(super) fn update_bindings(
    cloud: &Cloud,
    resource: &Resource,
    deltas: Vec<Delta>,
    response: BindingsResponse,
) -> Result<Value, Status> {
    is_there(cloud, resource)?;
    let effective = cloud.iam().update_bindings(resource, deltas);
    bindings_changed(response, &effective)
}

pub(super) fn set_bindings(
    cloud: &Cloud,
    resource: &Resource,
    wanted: &[Binding],
    response: BindingsResponse,
) -> Result<Value, Status> {
    is_there(cloud, resource)?;
    let effective = cloud.iam().set_bindings(resource, wanted);
    bindings_changed(response, &effective)
}

/// A resource may have gone since the call: its bindings went with it, and no
/// others come.
fn is_there(cloud: &Cloud, resource: &Resource) -> Result<(), Status> {
    let id = &resource.id;
    match resource.kind {
        ResourceKind::Folder => Ok(()),
        ResourceKind::ServiceAccount => {
            let account = cloud.iam().account(id);
            account.map(drop).ok_or_else(|| account_not_found(id))
        }
        ResourceKind::Federation => cloud.iam().federation(id).map(drop),
        ResourceKind::Database => cloud.state().database(id).map(drop),
        ResourceKind::Function => cloud.state().function(id).map(drop),
        ResourceKind::Gateway => cloud.state().gateway(id).map(drop),
        ResourceKind::Trigger => cloud.state().trigger(id).map(drop),
    }
}

fn bindings_changed(response: BindingsResponse, effective: &[Delta]) -> Result<Value, Status> {
    match response {
        BindingsResponse::Empty => Ok(empty()),
        BindingsResponse::EffectiveDeltas => {
            let deltas: Vec<AccessBindingDelta> = effective.iter().map(to_delta).collect();
            let message = json!({ "effectiveDeltas": deltas });
            any("access.AccessBindingsOperationResult", &message)
        }
    }
}

/// A binding on the wire.
pub(crate) fn to_wire(binding: &Binding) -> AccessBinding {
    AccessBinding {
        role_id: binding.role_id.clone(),
        subject: AccessSubject {
            id: binding.subject_id.clone(),
            kind: binding.subject_type.clone(),
        },
    }
}

fn to_delta(delta: &Delta) -> AccessBindingDelta {
    let action = match delta.action {
        DeltaAction::Add => AccessBindingAction::Add,
        DeltaAction::Remove => AccessBindingAction::Remove,
    };
    AccessBindingDelta {
        action,
        access_binding: to_wire(&delta.binding),
    }
}
