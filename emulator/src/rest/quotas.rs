//! `/quota-manager/v1/quotaLimits`: limits of the cloud and what is used of
//! them (proto `quotamanager/v1/quota_limit_service.proto`).

use http::Method;
use serde_json::{Value, json};

use super::Call;
use super::page::page;
use super::validate::Violations;
use crate::cloud::quotas;
use crate::error::Status;

/// The only resource that has quotas here.
const CLOUD: &str = "resource-manager.cloud";

pub(super) fn route(call: &Call) -> Result<Value, Status> {
    match (
        &call.method,
        call.path.segments().as_slice(),
        call.path.verb(),
    ) {
        (&Method::GET, [_, _, _], None) => list(call),
        // A method of its own, ListServices, which isn't here: no quota is called so.
        (&Method::GET, [_, _, _, "services"], None) => Err(call.unimplemented()),
        (&Method::GET, [_, _, _, name], None) => get(call, name),
        _ => Err(call.unimplemented()),
    }
}

/// The quotas of a service: those whose names begin with it (a guess, the proto
/// file doesn't list services).
fn list(call: &Call) -> Result<Value, Status> {
    let service = parameter(call, "service");
    let mut violations = Violations::default();
    violations.required("service", service);
    violations.longest("service", service, 64);
    violations.finish()?;
    let resource = resource(call)?;
    let own = quotas::names().filter(|name| {
        name.strip_prefix(service)
            .is_some_and(|rest| rest.starts_with('.'))
    });
    let mut named: Vec<&str> = own.collect();
    named.sort_unstable();
    let limits = named
        .into_iter()
        .map(|name| (name.to_owned(), limit(call, name)));
    let mut reply = page(&call.query, "quotaLimits", limits)?;
    if let Some(fields) = reply.as_object_mut() {
        fields.insert("resource".to_owned(), resource);
    }
    Ok(reply)
}

fn get(call: &Call, name: &str) -> Result<Value, Status> {
    resource(call)?;
    if quotas::is_known(name) {
        Ok(limit(call, name))
    } else {
        Err(Status::not_found(format!("Quota {name} not found")))
    }
}

/// Whose quotas they are: every call says so.
fn resource(call: &Call) -> Result<Value, Status> {
    let (id, kind) = (
        parameter(call, "resource.id"),
        parameter(call, "resource.type"),
    );
    let mut violations = Violations::default();
    violations.required("resource.id", id);
    violations.required("resource.type", kind);
    violations.check(
        "resource.type",
        kind.is_empty() || kind == CLOUD,
        "The emulator has quotas of resource-manager.cloud only",
    );
    violations.finish()?;
    if id == call.cloud.settings().cloud_id {
        Ok(json!({ "id": id, "type": kind }))
    } else {
        Err(Status::not_found(format!("Cloud {id} not found")))
    }
}

fn parameter<'a>(call: &'a Call, name: &str) -> &'a str {
    call.query.get(name).map_or("", String::as_str)
}

fn limit(call: &Call, name: &str) -> Value {
    json!({
        "quotaId": name,
        "limit": call.cloud.settings().quotas.limit(name),
        "usage": call.cloud.usage(name),
    })
}
