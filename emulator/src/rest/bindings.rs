//! Access bindings of any resource: list, set, update (proto access/access.proto).

use http::Method;
use serde_json::{Value, json};
use yandex_cloud_rest::model::access::{
    AccessBinding, AccessBindingAction, AccessBindingDelta, SetAccessBindingsRequest,
    UpdateAccessBindingsRequest,
};

use super::Call;
use super::page::page;
use super::validate::{Violations, message};
pub(super) use crate::cloud::BindingsResponse as Response;
use crate::cloud::{Target, Work, to_wire};
use crate::error::Status;
use crate::iam::{Binding, Delta, DeltaAction, Permission, Resource, roles};

/// Most bindings or deltas of a call.
const MOST: usize = 1000;

/// Whether the call is about bindings; `update` is the method of
/// `:updateAccessBindings`, which isn't the same everywhere.
pub(super) fn is_verb(method: &Method, verb: &str, update: &Method) -> bool {
    match verb {
        "listAccessBindings" => method == Method::GET,
        "setAccessBindings" => method == Method::POST,
        "updateAccessBindings" => method == update,
        _ => false,
    }
}

/// Answers a call that [`is_verb`] found; seeing the resource is checked.
pub(super) fn route(
    call: &Call,
    resource: &Resource,
    manage: Permission,
    response: Response,
) -> Result<Value, Status> {
    match call.path.verb() {
        Some("listAccessBindings") => list(call, resource),
        Some("setAccessBindings") => set(call, resource, manage, response),
        Some("updateAccessBindings") => update(call, resource, manage, response),
        _ => Err(call.unimplemented()),
    }
}

fn list(call: &Call, resource: &Resource) -> Result<Value, Status> {
    let bindings = call.cloud.iam().bindings(resource);
    let numbered = bindings.iter().enumerate();
    let keyed = numbered.map(|(number, binding)| (format!("{number:06}"), to_wire(binding)));
    page(&call.query, "accessBindings", keyed)
}

fn update(
    call: &Call,
    resource: &Resource,
    manage: Permission,
    response: Response,
) -> Result<Value, Status> {
    let request: UpdateAccessBindingsRequest = message(&call.body)?;
    let deltas: Vec<Delta> = request
        .access_binding_deltas
        .into_iter()
        .map(from_delta)
        .collect();
    let mut violations = Violations::default();
    let good = (1..=MOST).contains(&deltas.len());
    violations.check("accessBindingDeltas", good, "Must have 1 to 1000 elements");
    for delta in &deltas {
        check(&mut violations, &delta.binding);
    }
    violations.finish()?;
    call.authorize(manage, resource)?;
    let added = deltas
        .iter()
        .filter(|delta| delta.action == DeltaAction::Add);
    for delta in added {
        grantable(call, resource, &delta.binding)?;
    }
    let target = target(
        "Update access bindings",
        "access.UpdateAccessBindingsMetadata",
        resource,
    );
    let work = Work::UpdateBindings {
        resource: resource.clone(),
        deltas,
        response,
    };
    call.begin(&target, work)
}

fn set(
    call: &Call,
    resource: &Resource,
    manage: Permission,
    response: Response,
) -> Result<Value, Status> {
    let request: SetAccessBindingsRequest = message(&call.body)?;
    let wanted: Vec<Binding> = request.access_bindings.into_iter().map(from_wire).collect();
    let mut violations = Violations::default();
    violations.check(
        "accessBindings",
        wanted.len() <= MOST,
        "Must have at most 1000 elements",
    );
    for binding in &wanted {
        check(&mut violations, binding);
    }
    violations.finish()?;
    call.authorize(manage, resource)?;
    let had = call.cloud.iam().bindings(resource);
    for binding in wanted.iter().filter(|binding| !had.contains(binding)) {
        grantable(call, resource, binding)?;
    }
    let target = target(
        "Set access bindings",
        "access.SetAccessBindingsMetadata",
        resource,
    );
    let work = Work::SetBindings {
        resource: resource.clone(),
        wanted,
        response,
    };
    call.begin(&target, work)
}

fn target<'a>(description: &'a str, metadata_type: &'a str, resource: &'a Resource) -> Target<'a> {
    Target {
        description,
        metadata_type,
        metadata: json!({ "resourceId": resource.id }),
        folder_id: &resource.folder_id,
        resource_id: &resource.id,
    }
}

fn check(violations: &mut Violations, binding: &Binding) {
    violations.required("accessBinding.roleId", &binding.role_id);
    violations.longest("accessBinding.roleId", &binding.role_id, 64);
    violations.required("accessBinding.subject.id", &binding.subject_id);
    violations.longest("accessBinding.subject.id", &binding.subject_id, 100);
    let kinds = [
        "userAccount",
        "serviceAccount",
        "federatedUser",
        "group",
        "system",
    ];
    violations.check(
        "accessBinding.subject.type",
        kinds.contains(&binding.subject_type.as_str()),
        "Must be userAccount, serviceAccount, federatedUser, group or system",
    );
}

/// Whether the caller may give this role: it must exist, its subject too, and
/// nobody grants what it lacks itself.
fn grantable(call: &Call, resource: &Resource, binding: &Binding) -> Result<(), Status> {
    let role = &binding.role_id;
    let permissions = roles::permissions(role)
        .ok_or_else(|| Status::not_found(format!("Role {role} not found")))?;
    let iam = call.cloud.iam();
    if binding.subject_type == "serviceAccount" && iam.account(&binding.subject_id).is_none() {
        // A guess: the cloud doesn't document this case.
        let id = &binding.subject_id;
        return Err(Status::not_found(format!("Subject {id} not found")));
    }
    for permission in permissions {
        call.authorize(*permission, resource)?;
    }
    Ok(())
}

fn from_wire(binding: AccessBinding) -> Binding {
    Binding {
        role_id: binding.role_id,
        subject_id: binding.subject.id,
        subject_type: binding.subject.kind,
    }
}

fn from_delta(delta: AccessBindingDelta) -> Delta {
    let action = match delta.action {
        AccessBindingAction::Add => DeltaAction::Add,
        AccessBindingAction::Remove => DeltaAction::Remove,
    };
    Delta {
        action,
        binding: from_wire(delta.access_binding),
    }
}
