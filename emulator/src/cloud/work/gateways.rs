//! Operations on API gateways.

use std::net::SocketAddr;

use serde_json::Value;
use yandex_cloud_rest::model::apigateway::{ApiGateway, UpdateApiGatewayRequest};

use super::Served;
use crate::cloud::{ACTIVE, Cloud, Mask, STOPPED, any, empty};
use crate::error::Status;
use crate::iam::Resource;

const GATEWAY: &str = "serverless.apigateway.v1.ApiGateway";

pub(super) async fn serve_new(cloud: &Cloud, id: &str) -> Result<SocketAddr, Status> {
    let stored = cloud.state().gateway(id)?.clone();
    let folder_id = &stored.gateway.folder_id;
    cloud
        .plane()
        .create_gateway(id, folder_id, &stored.spec)
        .await
}

pub(super) fn created(cloud: &Cloud, id: &str, served: Served) -> Result<Value, Status> {
    let mut state = cloud.state();
    let mut stored = state.edit_gateway(id)?;
    let status = if served.is_ok() { ACTIVE } else { "ERROR" };
    status.clone_into(&mut stored.gateway.status);
    if let Some(address) = served? {
        stored.gateway.domain = address.to_string();
    }
    any(GATEWAY, &stored.gateway)
}

pub(super) fn update(
    cloud: &Cloud,
    id: &str,
    request: UpdateApiGatewayRequest,
    mask: &Mask,
    served: Served,
) -> Result<Value, Status> {
    let mut state = cloud.state();
    let mut stored = state.edit_gateway(id)?;
    ACTIVE.clone_into(&mut stored.gateway.status);
    served?;
    mask.set(
        "openapiSpec",
        &mut stored.spec,
        request.openapi_spec.clone(),
    );
    apply(&mut stored.gateway, request, mask);
    any(GATEWAY, &stored.gateway)
}

/// Sets what a request sets, the specification aside.
pub(crate) fn apply(gateway: &mut ApiGateway, request: UpdateApiGatewayRequest, mask: &Mask) {
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

pub(super) fn switched(
    cloud: &Cloud,
    id: &str,
    status: &str,
    served: Served,
) -> Result<Value, Status> {
    served?;
    let mut state = cloud.state();
    let mut stored = state.edit_gateway(id)?;
    status.clone_into(&mut stored.gateway.status);
    if status == STOPPED {
        return Ok(empty());
    }
    any(GATEWAY, &stored.gateway)
}

pub(super) fn deleted(cloud: &Cloud, id: &str, served: Served) -> Result<Value, Status> {
    served?;
    let removed = cloud.state().gateways.remove(id);
    if let Some(stored) = removed {
        let resource = Resource::gateway(&stored.gateway.folder_id, id);
        cloud.iam().forget_bindings(&resource);
    }
    Ok(empty())
}
