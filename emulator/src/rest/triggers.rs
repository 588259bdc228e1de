//! `/triggers/v1/triggers`: Data Streams triggers (proto `serverless/triggers/v1/trigger_service.proto`).

use http::Method;
use serde_json::{Value, json};
use yandex_cloud_rest::model::Labels;
use yandex_cloud_rest::model::trigger::{CreateTriggerRequest, Trigger, UpdateTriggerRequest};

use super::named::{page_of_folder, unique_in_folder};
use super::page::to_value;
use super::validate::{self, LabelRule, NameRule, Violations, mask, message};
use super::{Call, filter, operations, trigger_rule, unsupported};
use crate::cloud::{ACTIVE, Target, Work, completed, quotas};
use crate::error::Status;
use crate::iam::{Permission, Resource};
use crate::ids::prefix;

const PAUSED: &str = "PAUSED";

pub(super) fn route(call: &Call) -> Result<Value, Status> {
    match (
        &call.method,
        call.path.segments().as_slice(),
        call.path.verb(),
    ) {
        (&Method::GET, [_, _, _], None) => list(call),
        (&Method::POST, [_, _, _], None) => create(call),
        (&Method::GET, [_, _, _, id], None) => to_value(&find(call, id, Permission::TriggersGet)?),
        (&Method::PATCH, [_, _, _, id], None) => update(call, id),
        (&Method::DELETE, [_, _, _, id], None) => delete(call, id),
        (&Method::POST, [_, _, _, id], Some("pause")) => switch(call, id, PAUSED),
        (&Method::POST, [_, _, _, id], Some("resume")) => switch(call, id, ACTIVE),
        (&Method::GET, [_, _, _, id, "operations"], None) => {
            find(call, id, Permission::TriggersGet)?;
            operations::of_resource(call, id)
        }
        _ => Err(call.unimplemented()),
    }
}

fn find(call: &Call, id: &str, permission: Permission) -> Result<Trigger, Status> {
    let trigger = call.cloud.state().trigger(id)?.clone();
    call.authorize(permission, &Resource::trigger(&trigger.folder_id, id))?;
    Ok(trigger)
}

fn list(call: &Call) -> Result<Value, Status> {
    let folder_id = call.listed_folder(Permission::TriggersGet)?;
    let name = filter::name(&call.query)?;
    let state = call.cloud.state();
    let all = state.triggers.values();
    page_of_folder(call, "triggers", &folder_id, name.as_deref(), all)
}

fn check(violations: &mut Violations, name: &str, description: &str, labels: &Labels) {
    validate::name(violations, name, NameRule::Function);
    violations.longest("description", description, 500);
    validate::labels(violations, labels, LabelRule::Wide);
}

fn check_name(
    call: &Call,
    folder_id: &str,
    name: &str,
    own_id: Option<&str>,
) -> Result<(), Status> {
    let state = call.cloud.state();
    let all = state.triggers.values();
    unique_in_folder("Trigger", folder_id, name, own_id, all)
}

/// Neither the topic nor the gateway must exist yet (a guess), and a trigger's
/// status knows no creating: it is there at once and runs when the operation
/// has ended.
fn create(call: &Call) -> Result<Value, Status> {
    unsupported::refuse(&call.body, &trigger_rule::LACKING)?;
    let request: CreateTriggerRequest = message(&call.body)?;
    let mut violations = Violations::default();
    violations.id("folderId", &request.folder_id);
    check(
        &mut violations,
        &request.name,
        &request.description,
        &request.labels,
    );
    trigger_rule::check(&mut violations, &request.rule);
    violations.finish()?;
    call.folder(&request.folder_id, Permission::TriggersManage)?;
    trigger_rule::authorize_accounts(call, &request.rule)?;
    call.cloud.check_quota(quotas::TRIGGERS)?;
    check_name(call, &request.folder_id, &request.name, None)?;
    let trigger = Trigger {
        id: call.cloud.ids().next(prefix::TRIGGER),
        folder_id: request.folder_id,
        created_at: call.cloud.now(),
        name: request.name,
        description: request.description,
        labels: request.labels,
        rule: completed(request.rule),
        status: ACTIVE.to_owned(),
    };
    call.cloud
        .state()
        .triggers
        .insert(trigger.id.clone(), trigger.clone());
    let target = target(
        "Create trigger",
        "serverless.triggers.v1.CreateTriggerMetadata",
        &trigger,
    );
    let id = trigger.id.clone();
    call.begin(&target, Work::CreateTrigger { id })
}

fn target<'a>(description: &'a str, metadata_type: &'a str, trigger: &'a Trigger) -> Target<'a> {
    Target {
        description,
        metadata_type,
        metadata: json!({ "triggerId": trigger.id }),
        folder_id: &trigger.folder_id,
        resource_id: &trigger.id,
    }
}

fn update(call: &Call, id: &str) -> Result<Value, Status> {
    unsupported::refuse(&call.body, &trigger_rule::LACKING)?;
    let mut request: UpdateTriggerRequest = message(&call.body)?;
    let mask = mask(
        request.update_mask.take(),
        &["name", "description", "labels", "rule"],
    )?;
    let mut violations = Violations::default();
    check(
        &mut violations,
        &request.name,
        &request.description,
        &request.labels,
    );
    let rule = request.rule.get_or_insert_default();
    if mask.has("rule") {
        trigger_rule::check(&mut violations, rule);
    }
    violations.finish()?;
    let trigger = find(call, id, Permission::TriggersManage)?;
    if mask.has("rule") {
        trigger_rule::authorize_accounts(call, request.rule.get_or_insert_default())?;
    }
    if mask.has("name") {
        check_name(call, &trigger.folder_id, &request.name, Some(id))?;
    }
    let metadata_type = "serverless.triggers.v1.UpdateTriggerMetadata";
    let target = target("Update trigger", metadata_type, &trigger);
    let (id, request) = (id.to_owned(), Box::new(request));
    call.begin(&target, Work::UpdateTrigger { id, request, mask })
}

fn switch(call: &Call, id: &str, status: &'static str) -> Result<Value, Status> {
    let trigger = find(call, id, Permission::TriggersManage)?;
    let (description, metadata_type) = if status == PAUSED {
        (
            "Pause trigger",
            "serverless.triggers.v1.PauseTriggerMetadata",
        )
    } else {
        (
            "Resume trigger",
            "serverless.triggers.v1.ResumeTriggerMetadata",
        )
    };
    let target = target(description, metadata_type, &trigger);
    let (id, status) = (id.to_owned(), status.to_owned());
    call.begin(&target, Work::SwitchTrigger { id, status })
}

fn delete(call: &Call, id: &str) -> Result<Value, Status> {
    let trigger = find(call, id, Permission::TriggersManage)?;
    let metadata_type = "serverless.triggers.v1.DeleteTriggerMetadata";
    let target = target("Delete trigger", metadata_type, &trigger);
    call.begin(&target, Work::DeleteTrigger { id: id.to_owned() })
}
