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
use super::validate::{self, LabelRule, Mask, NameRule, Violations, message};
use super::{Call, filter, operations, options, spec};
use crate::cloud::{StoredGateway, Target, any, empty, quotas, settled};
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
    apply(&mut gateway, request, &Mask::all());
    let stored = StoredGateway {
        gateway: gateway.clone(),
        spec: spec.clone(),
    };
    call.cloud.state().gateways.insert(id.clone(), stored);
    let cloud = call.cloud.clone();
    call.begin(
        &target("Create API gateway", "Create", &gateway),
        async move {
            let made = cloud.plane().create_gateway(&id, &folder_id, &spec).await;
            let mut state = cloud.state();
            let Some(stored) = state.gateways.get_mut(&id) else {
                return Err(Status::not_found(format!("API gateway {id} not found")));
            };
            let status = if made.is_ok() { "ACTIVE" } else { "ERROR" };
            status.clone_into(&mut stored.gateway.status);
            stored.gateway.domain = made?.to_string();
            any("serverless.apigateway.v1.ApiGateway", &stored.gateway)
        },
    )
}

fn apply(gateway: &mut ApiGateway, request: UpdateApiGatewayRequest, mask: &Mask) {
    mask.set("name", &mut gateway.name, request.name);
    mask.set("description", &mut gateway.description, request.description);
    mask.set("labels", &mut gateway.labels, request.labels);
    mask.set("logOptions", &mut gateway.log_options, request.log_options);
    mask.set("variables", &mut gateway.variables, request.variables);
    mask.set(
        "executionTimeout",
        &mut gateway.execution_timeout,
        request.execution_timeout,
    );
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
    if let Some(stored) = call.cloud.state().gateways.get_mut(id) {
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
    let mask = Mask::parse(request.update_mask.take(), &MUTABLE)?;
    check(&request).finish()?;
    let gateway = find(call, id, Permission::GatewaysManage)?.gateway;
    state::must_be(&gateway, state::ACTIVE)?;
    spec::check(call, &request.openapi_spec)?;
    if mask.has("name") {
        check_name(call, &gateway.folder_id, &request.name, Some(id))?;
    }
    set_status(call, id, "UPDATING");
    let (cloud, id) = (call.cloud.clone(), id.to_owned());
    call.begin(
        &target("Update API gateway", "Update", &gateway),
        async move {
            let spec = mask
                .has("openapiSpec")
                .then(|| request.openapi_spec.clone());
            let updated = match &spec {
                Some(spec) => cloud.plane().update_gateway(&id, spec).await,
                None => Ok(()),
            };
            let mut state = cloud.state();
            let Some(stored) = state.gateways.get_mut(&id) else {
                return Err(Status::not_found(format!("API gateway {id} not found")));
            };
            "ACTIVE".clone_into(&mut stored.gateway.status);
            updated?;
            stored.spec = spec.unwrap_or_else(|| stored.spec.clone());
            apply(&mut stored.gateway, request, &mask);
            any("serverless.apigateway.v1.ApiGateway", &stored.gateway)
        },
    )
}

fn delete(call: &Call, id: &str) -> Result<Value, Status> {
    let gateway = find(call, id, Permission::GatewaysManage)?.gateway;
    settled("API gateway", id, &gateway.status)?;
    set_status(call, id, "DELETING");
    let (cloud, id) = (call.cloud.clone(), id.to_owned());
    let resource = Resource::gateway(&gateway.folder_id, &id);
    call.begin(
        &target("Delete API gateway", "Delete", &gateway),
        async move {
            cloud.plane().delete_gateway(&id).await;
            cloud.state().gateways.remove(&id);
            cloud.iam().forget_bindings(&resource);
            Ok(empty())
        },
    )
}
