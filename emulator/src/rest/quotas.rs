//! `/quota-manager/v1/quotaLimits`: limits and what is used of them.

use http::Method;
use serde_json::{Value, json};

use super::Call;
use crate::cloud::quotas;
use crate::error::Status;

pub(super) fn route(call: &Call) -> Result<Value, Status> {
    match (
        &call.method,
        call.path.segments().as_slice(),
        call.path.verb(),
    ) {
        (&Method::GET, ["quota-manager", "v1", "quotaLimits"], None) => {
            let limits: Vec<Value> = quotas::names().map(|name| limit(call, name)).collect();
            Ok(json!({ "quotaLimits": limits, "nextPageToken": "" }))
        }
        (&Method::GET, ["quota-manager", "v1", "quotaLimits", name], None)
            if quotas::is_known(name) =>
        {
            Ok(limit(call, name))
        }
        (&Method::GET, ["quota-manager", "v1", "quotaLimits", name], None) => {
            Err(Status::not_found(format!("Quota {name} not found")))
        }
        _ => Err(call.unimplemented()),
    }
}

fn limit(call: &Call, name: &str) -> Value {
    json!({
        "quotaId": name,
        "limit": call.cloud.settings().quotas.limit(name),
        "usage": call.cloud.usage(name),
    })
}
