//! `:stop` and `:resume`, and what a gateway's status allows.

use serde_json::Value;
use yandex_cloud_rest::model::apigateway::ApiGateway;

use super::{find, set_status, target};
use crate::cloud::{ACTIVE, STOPPED, Work, settled};
use crate::error::Status;
use crate::iam::Permission;
use crate::rest::Call;
use crate::rest::validate::message;

/// The body of both: nothing.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Refuses another status. How the cloud answers then is a guess, but for
/// ERROR, in which a gateway can only be deleted (documented).
pub(super) fn must_be(gateway: &ApiGateway, status: &str) -> Result<(), Status> {
    let ApiGateway { id, status: is, .. } = gateway;
    settled("API gateway", id, is)?;
    if is == status {
        return Ok(());
    }
    let way_out = match is.as_str() {
        STOPPED => "resume it",
        ACTIVE => "it is at work",
        _ => "delete it",
    };
    Err(Status::failed_precondition(format!(
        "API gateway {id} is {is}; {way_out}"
    )))
}

pub(super) fn stop(call: &Call, id: &str) -> Result<Value, Status> {
    let gateway = begin(call, id, ACTIVE)?;
    let target = target("Stop API gateway", "Stop", &gateway);
    let (id, status) = (id.to_owned(), STOPPED.to_owned());
    call.begin(&target, Work::SwitchGateway { id, status })
}

pub(super) fn resume(call: &Call, id: &str) -> Result<Value, Status> {
    let gateway = begin(call, id, STOPPED)?;
    let target = target("Resume API gateway", "Resume", &gateway);
    let (id, status) = (id.to_owned(), ACTIVE.to_owned());
    call.begin(&target, Work::SwitchGateway { id, status })
}

/// Checks, and marks the gateway as being changed.
fn begin(call: &Call, id: &str, status: &str) -> Result<ApiGateway, Status> {
    let Nothing {} = message(&call.body)?;
    let gateway = find(call, id, Permission::GatewaysManage)?.gateway;
    must_be(&gateway, status)?;
    set_status(call, id, "UPDATING");
    Ok(gateway)
}
