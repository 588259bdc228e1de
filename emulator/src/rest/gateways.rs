//! `/apigateways/v1/apigateways` (proto
//! `serverless/apigateway/v1/apigateway_service.proto`).

mod state;

use http::Method;
use serde_json::{Value, json};
use yandex_cloud_rest::model::apigateway::{
    ApiGateway, CreateApiGatewayRequest, OpenapiSpec, UpdateApiGatewayRequest,
};

use super::bindings::{self, Response};
use super::named::{page_of_folder, unique_in_folder};
use super::page::to_value;
use super::validate::{self, LabelRule, NameRule, Violations, mask, message};
use super::{Call, filter, operations, options, spec};
use crate::cloud::{ACTIVE, Mask, StoredGateway, Target, Work, apply_to_gateway, quotas, settled};
use crate::error::Status;
use crate::iam::{Permission, Resource};
use crate::ids::prefix;

/// Longest `executionTimeout`, in seconds.
const LONGEST_CALL: u64 = 600;

pub(super) fn route(call: &Call) -> Result<Value, Status> {
    let get = Permission::GatewaysGet;
    match (
        &call.method,
        call.path.segments().as_slice(),
        call.path.verb(),
    ) {
        (&Method::GET, [_, _, _], None) => list(call),
        (&Method::POST, [_, _, _], None) => create(call),
        (&Method::GET, [_, _, _, id], None) => to_value(&find(call, id, get)?.gateway),
        (&Method::GET, [_, _, _, id], Some("spec")) => show_spec(call, id),
        (&Method::PATCH, [_, _, _, id], None) => update(call, id),
        (&Method::DELETE, [_, _, _, id], None) => delete(call, id),
        (&Method::POST, [_, _, _, id], Some("stop")) => state::stop(call, id),
        (&Method::POST, [_, _, _, id], Some("resume")) => state::resume(call, id),
        (&Method::GET, [_, _, _, id, "operations"], None) => {
            find(call, id, get)?;
            operations::of_resource(call, id)
        }
        // PATCH: this service is the odd one out.
        (method, [_, _, _, id], Some(verb)) if bindings::is_verb(method, verb, &Method::PATCH) => {
            let gateway = find(call, id, get)?.gateway;
            let resource = Resource::gateway(&gateway.folder_id, id);
            let manage = Permission::GatewayBindingsManage;
            bindings::route(call, &resource, manage, Response::Empty)
        }
        _ => Err(call.unimplemented()),
    }
}

fn find(call: &Call, id: &str, permission: Permission) -> Result<StoredGateway, Status> {
    let stored = call.cloud.state().gateway(id)?.clone();
    call.authorize(
        permission,
        &Resource::gateway(&stored.gateway.folder_id, id),
    )?;
    Ok(stored)
}

fn list(call: &Call) -> Result<Value, Status> {
    let folder_id = call.listed_folder(Permission::GatewaysGet)?;
    let name = filter::name(&call.query)?;
    let state = call.cloud.state();
    let all = state.gateways.values().map(|stored| &stored.gateway);
    page_of_folder(call, "apiGateways", &folder_id, name.as_deref(), all)
}

fn show_spec(call: &Call, id: &str) -> Result<Value, Status> {
    let stored = find(call, id, Permission::GatewaysGet)?;
    let format = call.query.get("format").map_or("", String::as_str);
    to_value(&OpenapiSpec {
        api_gateway_id: id.to_owned(),
        openapi_spec: spec::formatted(&stored.spec, format)?,
    })
}

fn check_name(
    call: &Call,
    folder_id: &str,
    name: &str,
    own_id: Option<&str>,
) -> Result<(), Status> {
    let state = call.cloud.state();
    let all = state.gateways.values().map(|stored| &stored.gateway);
    unique_in_folder("API gateway", folder_id, name, own_id, all)
}

/// Create and update requests share what they may hold.
fn check(request: &UpdateApiGatewayRequest) -> Violations {
    let mut violations = Violations::default();
    validate::name(&mut violations, &request.name, NameRule::Gateway);
    violations.longest("description", &request.description, 256);
    validate::labels(&mut violations, &request.labels, LabelRule::Wide);
    // Required in updates as well, whatever the mask says: the oneof around it
    // is marked "exactly one".
    violations.required("openapiSpec", &request.openapi_spec);
    let small = request.openapi_spec.len() <= spec::LARGEST;
    violations.check("openapiSpec", small, "Must be at most 3670016 bytes");
    if let Some(timeout) = request.execution_timeout {
        let good = timeout.get() <= std::time::Duration::from_secs(LONGEST_CALL);
        violations.check("executionTimeout", good, "Must be at most 600s");
    }
    // They would be put into the specification, which isn't done here.
    let plain = request.variables.is_empty();
    violations.check("variables", plain, "The emulator has no variables");
    options::check_logs(&mut violations, request.log_options.as_ref());
    violations
}

fn create(call: &Call) -> Result<Value, Status> {
    let request: CreateApiGatewayRequest = message(&call.body)?;
    let folder_id = request.folder_id;
    let request = UpdateApiGatewayRequest {
        update_mask: None,
        name: request.name,
        description: request.description,
        labels: request.labels,
        openapi_spec: request.openapi_spec,
        log_options: request.log_options,
        variables: request.variables,
        execution_timeout: request.execution_timeout,
    };
    let mut violations = check(&request);
    violations.id("folderId", &folder_id);
    violations.finish()?;
    call.folder(&folder_id, Permission::GatewaysManage)?;
    spec::check(call, &request.openapi_spec)?;
    call.cloud.check_quota(quotas::GATEWAYS)?;
    check_name(call, &folder_id, &request.name, None)?;
    let id = call.cloud.ids().next(prefix::GATEWAY);
    let spec = request.openapi_spec.clone();
    let mut gateway = ApiGateway {
        id: id.clone(),
        folder_id: folder_id.clone(),
        created_at: call.cloud.now(),
        status: "CREATING".to_owned(),
        ..ApiGateway::default()
    };
    apply_to_gateway(&mut gateway, request, &Mask::all());
    let stored = StoredGateway {
        gateway: gateway.clone(),
        spec: spec.clone(),
    };
    call.cloud.state().gateways.insert(id.clone(), stored);
    let target = target("Create API gateway", "Create", &gateway);
    call.begin(&target, Work::CreateGateway { id })
}

fn target<'a>(description: &'a str, verb: &str, gateway: &'a ApiGateway) -> Target<'a> {
    let metadata_type = match verb {
        "Create" => "serverless.apigateway.v1.CreateApiGatewayMetadata",
        "Update" => "serverless.apigateway.v1.UpdateApiGatewayMetadata",
        "Stop" => "serverless.apigateway.v1.StopApiGatewayMetadata",
        "Resume" => "serverless.apigateway.v1.ResumeApiGatewayMetadata",
        _ => "serverless.apigateway.v1.DeleteApiGatewayMetadata",
    };
    Target {
        description,
        metadata_type,
        metadata: json!({ "apiGatewayId": gateway.id }),
        folder_id: &gateway.folder_id,
        resource_id: &gateway.id,
    }
}

fn set_status(call: &Call, id: &str, status: &str) {
    if let Some(mut stored) = call.cloud.state().gateways.edit(id) {
        status.clone_into(&mut stored.gateway.status);
    }
}

const MUTABLE: [&str; 7] = [
    "name",
    "description",
    "labels",
    "openapiSpec",
    "logOptions",
    "variables",
    "executionTimeout",
];

fn update(call: &Call, id: &str) -> Result<Value, Status> {
    let mut request: UpdateApiGatewayRequest = message(&call.body)?;
    let mask = mask(request.update_mask.take(), &MUTABLE)?;
    check(&request).finish()?;
    let gateway = find(call, id, Permission::GatewaysManage)?.gateway;
    state::must_be(&gateway, ACTIVE)?;
    spec::check(call, &request.openapi_spec)?;
    if mask.has("name") {
        check_name(call, &gateway.folder_id, &request.name, Some(id))?;
    }
    set_status(call, id, "UPDATING");
    let target = target("Update API gateway", "Update", &gateway);
    let (id, request) = (id.to_owned(), Box::new(request));
    call.begin(&target, Work::UpdateGateway { id, request, mask })
}

fn delete(call: &Call, id: &str) -> Result<Value, Status> {
    let gateway = find(call, id, Permission::GatewaysManage)?.gateway;
    settled("API gateway", id, &gateway.status)?;
    set_status(call, id, "DELETING");
    let target = target("Delete API gateway", "Delete", &gateway);
    call.begin(&target, Work::DeleteGateway { id: id.to_owned() })
}
