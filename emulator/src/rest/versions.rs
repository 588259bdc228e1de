//! `/functions/v1/versions`: immutable versions and the tags that move over
//! them (proto `serverless/functions/v1/function_service.proto`).

use http::Method;
use serde_json::{Value, json};
use yandex_cloud_rest::model::function::Function;
use yandex_cloud_rest::model::version::{LATEST, TagRequest, Version};

use super::functions::find as find_function;
use super::page::{page, to_value};
use super::validate::{Violations, message};
use super::{Call, filter, functions, version_create};
use crate::cloud::{Target, Work, newest_first, quotas, settled};
use crate::error::Status;
use crate::iam::Permission;

pub(super) fn route(call: &Call) -> Result<Value, Status> {
    match (
        &call.method,
        call.path.segments().as_slice(),
        call.path.verb(),
    ) {
        (&Method::GET, [_, _, _], None) => list(call),
        (&Method::GET, [_, _, _], Some("byTag")) => by_tag(call),
        (&Method::POST, [_, _, _], None) => version_create::create(call),
        (&Method::GET, [_, _, _, id], None) => to_value(&find(call, id)?),
        (&Method::DELETE, [_, _, _, id], None) => delete(call, id),
        (&Method::POST, [_, _, _, id], Some("setTag")) => set_tag(call, id),
        (&Method::POST, [_, _, _, id], Some("removeTag")) => remove_tag(call, id),
        _ => Err(call.unimplemented()),
    }
}

fn find(call: &Call, id: &str) -> Result<Version, Status> {
    let version = call.cloud.state().version(id)?.version.clone();
    find_function(call, &version.function_id, Permission::FunctionsGet)?;
    Ok(version)
}

fn find_to_change(call: &Call, id: &str) -> Result<(Version, Function), Status> {
    let version = call.cloud.state().version(id)?.version.clone();
    let function = functions::find_to_change(call, &version.function_id)?;
    Ok((version, function))
}

/// Of one function or of a folder, newest first.
fn list(call: &Call) -> Result<Value, Status> {
    let shown = filter::Versions::of(&call.query)?;
    let functions: Vec<String> = match (call.query.get("functionId"), call.query.get("folderId")) {
        (Some(id), None) => vec![find_function(call, id, Permission::FunctionsGet)?.id],
        (None, Some(_)) => {
            let folder_id = call.listed_folder(Permission::FunctionsGet)?;
            let state = call.cloud.state();
            let own = state
                .functions
                .values()
                .filter(|function| function.folder_id == folder_id);
            own.map(|function| function.id.clone()).collect()
        }
        (None, None) | (Some(_), Some(_)) => {
            let mut violations = Violations::default();
            violations.add("id", "Exactly one of functionId and folderId is required");
            violations.finish()?;
            Vec::new()
        }
    };
    let state = call.cloud.state();
    let mut versions: Vec<_> = functions
        .iter()
        .flat_map(|function| state.versions_of(function))
        .filter(|stored| shown.admit(&stored.version))
        .collect();
    versions.sort_by_key(|stored| std::cmp::Reverse(stored.sequence));
    let keyed = versions
        .into_iter()
        .map(|stored| (newest_first(stored.sequence), &stored.version));
    page(&call.query, "versions", keyed)
}

fn by_tag(call: &Call) -> Result<Value, Status> {
    let function_id = call.query.get("functionId").map_or("", String::as_str);
    let tag = call.query.get("tag").map_or("", String::as_str);
    let mut violations = Violations::default();
    violations.required("functionId", function_id);
    violations.required("tag", tag);
    violations.finish()?;
    find_function(call, function_id, Permission::FunctionsGet)?;
    let state = call.cloud.state();
    let found = state
        .versions_of(function_id)
        .into_iter()
        .find(|stored| stored.version.tags.iter().any(|own| own == tag));
    match found {
        Some(stored) => to_value(&stored.version),
        None => Err(Status::not_found(format!(
            "Version of function {function_id} with tag {tag} not found"
        ))),
    }
}

/// `[a-z][-_0-9a-z]*`; `$latest` is the cloud's own.
pub(super) fn check_tag(violations: &mut Violations, field: &str, tag: &str) {
    let good = tag.starts_with(|letter: char| letter.is_ascii_lowercase())
        && tag.len() <= 63
        && tag.chars().all(|letter| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '_')
        });
    violations.check(field, good, "Must match the pattern [a-z][-_0-9a-z]*");
}

/// Whether the function may have these tags as well.
pub(super) fn check_tag_quota(
    call: &Call,
    function_id: &str,
    added: &[String],
) -> Result<(), Status> {
    let state = call.cloud.state();
    let versions = state.versions_of(function_id);
    let had: Vec<&String> = versions
        .iter()
        .flat_map(|stored| &stored.version.tags)
        .filter(|tag| *tag != LATEST)
        .collect();
    let new = added.iter().filter(|tag| !had.contains(tag)).count();
    for extra in 0..new {
        call.cloud
            .settings()
            .quotas
            .check(quotas::FUNCTION_TAGS, had.len() + extra)?;
    }
    Ok(())
}

fn target<'a>(
    description: &'a str,
    metadata_type: &'a str,
    version: &Version,
    function: &'a Function,
) -> Target<'a> {
    Target {
        description,
        metadata_type,
        metadata: json!({ "functionVersionId": version.id }),
        folder_id: &function.folder_id,
        resource_id: &function.id,
    }
}

fn requested_tag(call: &Call) -> Result<String, Status> {
    let request: TagRequest = message(&call.body)?;
    let mut violations = Violations::default();
    check_tag(&mut violations, "tag", &request.tag);
    violations.finish()?;
    Ok(request.tag)
}

fn set_tag(call: &Call, id: &str) -> Result<Value, Status> {
    let tag = requested_tag(call)?;
    let (version, function) = find_to_change(call, id)?;
    settled("Version", id, &version.status)?;
    check_tag_quota(call, &function.id, std::slice::from_ref(&tag))?;
    let metadata_type = "serverless.functions.v1.SetFunctionTagMetadata";
    let target = target("Set tag", metadata_type, &version, &function);
    let id = id.to_owned();
    call.begin(&target, Work::SetTag { id, tag })
}

fn remove_tag(call: &Call, id: &str) -> Result<Value, Status> {
    let tag = requested_tag(call)?;
    let (version, function) = find_to_change(call, id)?;
    if !version.tags.contains(&tag) {
        return Err(Status::not_found(format!(
            "Tag {tag} of version {id} not found"
        )));
    }
    let metadata_type = "serverless.functions.v1.RemoveFunctionTagMetadata";
    let target = target("Remove tag", metadata_type, &version, &function);
    let id = id.to_owned();
    call.begin(&target, Work::RemoveTag { id, tag })
}

fn delete(call: &Call, id: &str) -> Result<Value, Status> {
    let force = call.query.get("force").is_some_and(|force| force == "true");
    let (version, function) = find_to_change(call, id)?;
    settled("Version", id, &version.status)?;
    if version.tags.iter().any(|tag| tag == LATEST) {
        return Err(Status::failed_precondition(format!(
            "Version {id} has tag {LATEST}; it goes with its function only"
        )));
    }
    if !version.tags.is_empty() && !force {
        let tags = version.tags.join(", ");
        return Err(Status::failed_precondition(format!(
            "Version {id} has tags: {tags}; remove them or set force"
        )));
    }
    if let Some(mut stored) = call.cloud.state().versions.edit(id) {
        "DELETING".clone_into(&mut stored.version.status);
    }
    let metadata_type = "serverless.functions.v1.DeleteFunctionVersionMetadata";
    let target = target("Delete version", metadata_type, &version, &function);
    call.begin(&target, Work::DeleteVersion { id: id.to_owned() })
}
