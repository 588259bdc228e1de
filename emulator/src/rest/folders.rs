//! `/resource-manager/v1/folders`: folders are given by the command line; here
//! they can be seen, and their bindings changed.

use http::Method;
use serde_json::{Value, json};

use super::bindings::{self, Response};
use super::page::page;
use super::{Call, filter, folder_not_found, operations};
use crate::error::Status;
use crate::iam::{Permission, Resource};

pub(super) fn route(call: &Call) -> Result<Value, Status> {
    match (
        &call.method,
        call.path.segments().as_slice(),
        call.path.verb(),
    ) {
        (&Method::GET, [_, _, _], None) => list(call),
        (&Method::GET, [_, _, _, id], None) => {
            call.folder(id, Permission::FolderGet)?;
            Ok(folder(call, id))
        }
        (&Method::GET, [_, _, _, id, "operations"], None) => {
            call.folder(id, Permission::FolderGet)?;
            filter::none(&call.query, "Operations of folders")?;
            operations::of_resource(call, id)
        }
        (method, [_, _, _, id], Some(verb)) if bindings::is_verb(method, verb, &Method::POST) => {
            call.folder(id, Permission::FolderBindingsGet)?;
            let manage = Permission::FolderBindingsManage;
            bindings::route(
                call,
                &Resource::folder(id),
                manage,
                Response::EffectiveDeltas,
            )
        }
        _ => Err(call.unimplemented()),
    }
}

/// Folders of the cloud that the caller may see.
fn list(call: &Call) -> Result<Value, Status> {
    let cloud_id = call.query.get("cloudId").map_or("", String::as_str);
    if cloud_id != call.cloud.settings().cloud_id {
        return Err(folder_not_found(cloud_id));
    }
    let name = filter::name(&call.query)?;
    let mut folders = call.cloud.iam().folders().to_vec();
    folders.sort();
    let visible = folders
        .into_iter()
        .filter(|id| {
            call.authorize(Permission::FolderGet, &Resource::folder(id))
                .is_ok()
        })
        .filter(|id| name.as_ref().is_none_or(|name| name == id))
        .map(|id| (id.clone(), folder(call, &id)));
    page(&call.query, "folders", visible)
}

fn folder(call: &Call, id: &str) -> Value {
    json!({
        "id": id,
        "cloudId": call.cloud.settings().cloud_id,
        "createdAt": "2024-01-01T00:00:00Z",
        "name": id,
        "description": "",
        "labels": {},
        "status": "ACTIVE",
    })
}
