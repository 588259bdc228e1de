//! `/functions/v1/functions` (proto `serverless/functions/v1/function_service.proto`).

use http::Method;
use serde_json::{Value, json};
use yandex_cloud_rest::model::Labels;
use yandex_cloud_rest::model::function::{CreateFunctionRequest, Function, UpdateFunctionRequest};

use super::bindings::{self, Response};
use super::named::{page_of_folder, unique_in_folder};
use super::page::{page, to_value};
use super::validate::{self, LabelRule, NameRule, Violations, mask, message};
use super::{Call, filter, operations, scaling};
use crate::cloud::{Target, Work, quotas, settled};
use crate::error::Status;
use crate::iam::{Permission, Resource};
use crate::ids::prefix;

pub(super) fn route(call: &Call) -> Result<Value, Status> {
    let get = Permission::FunctionsGet;
    match (
        &call.method,
        call.path.segments().as_slice(),
        call.path.verb(),
    ) {
        (&Method::GET, [_, _, _], None) => list(call),
        (&Method::POST, [_, _, _], None) => create(call),
        (&Method::GET, [_, _, _, id], None) => to_value(&find(call, id, get)?),
        (&Method::PATCH, [_, _, _, id], None) => update(call, id),
        (&Method::DELETE, [_, _, _, id], None) => delete(call, id),
        (&Method::GET, [_, _, _, id, "operations"], None) => {
            find(call, id, get)?;
            operations::of_resource(call, id)
        }
        (&Method::GET, [_, _, _, id, "scalingPolicies"], None) => scaling::list(call, id),
        (&Method::POST, [_, _, _, id], Some("setScalingPolicy")) => scaling::set(call, id),
        (&Method::POST, [_, _, _, id], Some("removeScalingPolicy")) => scaling::remove(call, id),
        (&Method::GET, [_, _, _, id], Some("tagHistory")) => tag_history(call, id),
        (method, [_, _, _, id], Some(verb)) if bindings::is_verb(method, verb, &Method::POST) => {
            let function = find(call, id, get)?;
            let resource = Resource::function(&function.folder_id, id);
            let manage = Permission::FunctionBindingsManage;
            bindings::route(call, &resource, manage, Response::Empty)
        }
        _ => Err(call.unimplemented()),
    }
}

/// A function that the caller may see or change.
pub(super) fn find(call: &Call, id: &str, permission: Permission) -> Result<Function, Status> {
    let function = call.cloud.state().function(id)?.clone();
    call.authorize(permission, &Resource::function(&function.folder_id, id))?;
    Ok(function)
}

/// A function that the caller may change, when no more operations run already
/// than may: one that waits for its turn is not documented.
pub(super) fn find_to_change(call: &Call, id: &str) -> Result<Function, Status> {
    let function = find(call, id, Permission::FunctionsManage)?;
    check_operations(call, &function.folder_id, Some(id))?;
    Ok(function)
}

fn check_operations(call: &Call, folder_id: &str, id: Option<&str>) -> Result<(), Status> {
    let state = call.cloud.state();
    let running: Vec<_> = state
        .operations
        .running(quotas::FUNCTIONS_PACKAGE)
        .collect();
    let in_folder = running.iter().filter(|one| one.folder_id == folder_id);
    let on_function = running.iter().filter(|one| Some(&*one.resource_id) == id);
    let quotas = &call.cloud.settings().quotas;
    quotas.check(quotas::OPERATIONS_OF_FUNCTION, on_function.count())?;
    quotas.check(quotas::OPERATIONS_OF_FOLDER, in_folder.count())?;
    quotas.check(quotas::OPERATIONS_OF_CLOUD, running.len())
}

fn list(call: &Call) -> Result<Value, Status> {
    let folder_id = call.listed_folder(Permission::FunctionsGet)?;
    let name = filter::name(&call.query)?;
    let state = call.cloud.state();
    let all = state.functions.values();
    page_of_folder(call, "functions", &folder_id, name.as_deref(), all)
}

fn tag_history(call: &Call, id: &str) -> Result<Value, Status> {
    find(call, id, Permission::FunctionsGet)?;
    let state = call.cloud.state();
    let own = state
        .tag_history
        .iter()
        .filter(|(_, record)| record.function_id == id);
    let keyed = own.map(|(number, record)| (number.clone(), record));
    page(&call.query, "functionTagHistoryRecord", keyed)
}

fn check(violations: &mut Violations, name: &str, description: &str, labels: &Labels) {
    validate::name(violations, name, NameRule::Function);
    violations.longest("description", description, 600);
    validate::labels(violations, labels, LabelRule::Wide);
}

fn check_name(
    call: &Call,
    folder_id: &str,
    name: &str,
    own_id: Option<&str>,
) -> Result<(), Status> {
    let state = call.cloud.state();
    let all = state.functions.values();
    unique_in_folder("Function", folder_id, name, own_id, all)
}

fn create(call: &Call) -> Result<Value, Status> {
    let request: CreateFunctionRequest = message(&call.body)?;
    let mut violations = Violations::default();
    violations.id("folderId", &request.folder_id);
    check(
        &mut violations,
        &request.name,
        &request.description,
        &request.labels,
    );
    violations.finish()?;
    call.folder(&request.folder_id, Permission::FunctionsManage)?;
    check_operations(call, &request.folder_id, None)?;
    call.cloud.check_quota(quotas::FUNCTIONS)?;
    check_name(call, &request.folder_id, &request.name, None)?;
    let id = call.cloud.ids().next(prefix::FUNCTION);
    let function = Function {
        http_invoke_url: call.cloud.settings().invoke_url(&id),
        id: id.clone(),
        folder_id: request.folder_id,
        created_at: call.cloud.now(),
        name: request.name,
        description: request.description,
        labels: request.labels,
        status: "CREATING".to_owned(),
    };
    call.cloud
        .state()
        .functions
        .insert(id.clone(), function.clone());
    let target = target("Create function", "Create", &function);
    call.begin(&target, Work::CreateFunction { id })
}

fn target<'a>(description: &'a str, verb: &str, function: &'a Function) -> Target<'a> {
    let metadata_type = match verb {
        "Create" => "serverless.functions.v1.CreateFunctionMetadata",
        "Update" => "serverless.functions.v1.UpdateFunctionMetadata",
        _ => "serverless.functions.v1.DeleteFunctionMetadata",
    };
    Target {
        description,
        metadata_type,
        metadata: json!({ "functionId": function.id }),
        folder_id: &function.folder_id,
        resource_id: &function.id,
    }
}

fn update(call: &Call, id: &str) -> Result<Value, Status> {
    let mut request: UpdateFunctionRequest = message(&call.body)?;
    let mask = mask(
        request.update_mask.take(),
        &["name", "description", "labels"],
    )?;
    let mut violations = Violations::default();
    check(
        &mut violations,
        &request.name,
        &request.description,
        &request.labels,
    );
    violations.finish()?;
    let function = find_to_change(call, id)?;
    settled("Function", id, &function.status)?;
    if mask.has("name") {
        check_name(call, &function.folder_id, &request.name, Some(id))?;
    }
    let target = target("Update function", "Update", &function);
    let id = id.to_owned();
    call.begin(&target, Work::UpdateFunction { id, request, mask })
}

/// A function goes with its versions. Nothing keeps it from going while a
/// gateway calls it (a guess).
fn delete(call: &Call, id: &str) -> Result<Value, Status> {
    let function = find_to_change(call, id)?;
    settled("Function", id, &function.status)?;
    if let Some(mut function) = call.cloud.state().functions.edit(id) {
        "DELETING".clone_into(&mut function.status);
    }
    let target = target("Delete function", "Delete", &function);
    call.begin(&target, Work::DeleteFunction { id: id.to_owned() })
}
