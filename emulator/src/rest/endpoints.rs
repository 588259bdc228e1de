//! `GET /endpoints`: where each service is. All of them are here, on one port.

use http::Method;
use serde_json::{Value, json};

use super::path::Path;
use crate::cloud::Cloud;
use crate::error::Status;

/// Ids as in the cloud's list (reference §1.1).
const IDS: [&str; 12] = [
    "apigateway-connections",
    "endpoint",
    "iam",
    "operation",
    "quota-manager",
    "resource-manager",
    "resourcemanager",
    "serverless-apigateway",
    "serverless-functions",
    "serverless-gateway-connections",
    "serverless-triggers",
    "ydb",
];

pub(super) fn route(cloud: &Cloud, method: &Method, path: &Path) -> Result<Value, Status> {
    let address = cloud.settings().api.to_string();
    match (method, path.segments().as_slice(), path.verb()) {
        (&Method::GET, ["endpoints"], None) => {
            let endpoints = IDS
                .iter()
                .map(|id| json!({ "id": id, "address": address }))
                .collect::<Vec<_>>();
            Ok(json!({ "endpoints": endpoints, "nextPageToken": "" }))
        }
        (&Method::GET, ["endpoints", id], None) if IDS.contains(id) => {
            Ok(json!({ "id": id, "address": address }))
        }
        (&Method::GET, ["endpoints", id], None) => {
            Err(Status::not_found(format!("Endpoint {id} not found")))
        }
        _ => Err(super::unimplemented(method, path)),
    }
}
