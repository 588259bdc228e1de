//! `/operations`: one host for the operations of all services.

use http::Method;
use serde_json::Value;

use super::page::{page, to_value};
use super::{Call, filter};
use crate::error::Status;
use crate::iam::{Permission, Resource};

pub(super) fn route(call: &Call) -> Result<Value, Status> {
    match (
        &call.method,
        call.path.segments().as_slice(),
        call.path.verb(),
    ) {
        // Cancel is GET by the proto file, which counts, and POST by the design
        // guide; it is best effort, and an operation here is too short to stop it.
        (&Method::GET, ["operations", id], None | Some("cancel")) => get(call, id),
        _ => Err(call.unimplemented()),
    }
}

fn get(call: &Call, id: &str) -> Result<Value, Status> {
    let record = call.cloud.operation_record(id)?;
    if record.operation.created_by != call.subject.id {
        call.authorize(Permission::FolderGet, &Resource::folder(&record.folder_id))?;
    }
    to_value(&record.operation)
}

/// `GET <resource>/{id}/operations`.
pub(super) fn of_resource(call: &Call, resource_id: &str) -> Result<Value, Status> {
    let filter = filter::Operations::of(&call.query)?;
    let operations = call.cloud.state().operations.of(resource_id);
    let wanted = operations
        .into_iter()
        .filter(|(_, operation)| filter.admit(operation));
    page(&call.query, "operations", wanted)
}
