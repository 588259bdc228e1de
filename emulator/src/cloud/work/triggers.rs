//! Operations on triggers. A trigger that was changed is started or stopped
//! accordingly, at once.

use serde_json::Value;
use yandex_cloud_rest::model::Duration;
use yandex_cloud_rest::model::trigger::{DataStream, Rule, Trigger, UpdateTriggerRequest};
use yandex_cloud_rest::model::version::LATEST;

use crate::cloud::plane::{BroadcastTarget, FunctionTarget, TriggerAction, TriggerDefinition};
use crate::cloud::state::missing;
use crate::cloud::{ACTIVE, Cloud, Mask, any, empty};
use crate::error::Status;

pub(super) fn created(cloud: &Cloud, id: &str) -> Result<Value, Status> {
    change(cloud, id, |_| ())
}

pub(super) fn update(
    cloud: &Cloud,
    id: &str,
    request: UpdateTriggerRequest,
    mask: &Mask,
) -> Result<Value, Status> {
    change(cloud, id, |trigger| {
        mask.set("name", &mut trigger.name, request.name);
        mask.set("description", &mut trigger.description, request.description);
        mask.set("labels", &mut trigger.labels, request.labels);
        let rule = completed(request.rule.unwrap_or_default());
        mask.set("rule", &mut trigger.rule, rule);
    })
}

pub(super) fn switch(cloud: &Cloud, id: &str, status: &str) -> Result<Value, Status> {
    change(cloud, id, |trigger| status.clone_into(&mut trigger.status))
}

fn change(cloud: &Cloud, id: &str, edit: impl FnOnce(&mut Trigger)) -> Result<Value, Status> {
    let mut state = cloud.state();
    let mut trigger = state
        .triggers
        .edit(id)
        .ok_or_else(|| missing("Trigger", id))?;
    edit(&mut trigger);
    match running(&trigger) {
        Some(definition) => cloud.plane().start_trigger(definition),
        None => cloud.plane().stop_trigger(id),
    }
    any("serverless.triggers.v1.Trigger", &*trigger)
}

pub(super) fn delete(cloud: &Cloud, id: &str) -> Result<Value, Status> {
    cloud.plane().stop_trigger(id);
    match cloud.state().triggers.remove(id) {
        Some(_) => Ok(empty()),
        None => Err(missing("Trigger", id)),
    }
}

/// Defaults of what the rule leaves out.
pub(crate) fn completed(mut rule: Rule) -> Rule {
    if let Some(stream) = &mut rule.data_stream {
        let batch = stream.batch_settings.get_or_insert_default();
        batch.size = batch.size.max(1);
        batch.cutoff.get_or_insert(Duration::from_secs(1));
        if let Some(function) = &mut stream.invoke_function
            && function.function_tag.is_empty()
        {
            LATEST.clone_into(&mut function.function_tag);
        }
    }
    rule
}

/// What the data plane does for it; nothing for a rule without an action.
fn definition(trigger: &Trigger) -> Option<TriggerDefinition> {
    let stream = trigger.rule.data_stream.clone()?;
    let action = action(&stream)?;
    let batch = stream.batch_settings.unwrap_or_default();
    Some(TriggerDefinition {
        trigger_id: trigger.id.clone(),
        folder_id: trigger.folder_id.clone(),
        database: stream.database,
        stream: stream.stream,
        service_account_id: stream.service_account_id,
        batch_size_bytes: u64::try_from(batch.size).unwrap_or(1).max(1),
        cutoff: batch.cutoff.unwrap_or(Duration::from_secs(1)).get(),
        action,
    })
}

fn action(stream: &DataStream) -> Option<TriggerAction> {
    if let Some(broadcast) = stream.gateway_websocket_broadcast.clone() {
        return Some(TriggerAction::Broadcast(BroadcastTarget {
            gateway_id: broadcast.gateway_id,
            path: broadcast.path,
            service_account_id: broadcast.service_account_id,
        }));
    }
    let function = stream.invoke_function.clone()?;
    let retry = function.retry_settings.unwrap_or_default();
    Some(TriggerAction::Invoke(FunctionTarget {
        function_id: function.function_id,
        tag: function.function_tag,
        service_account_id: Some(function.service_account_id).filter(|id| !id.is_empty()),
        retries: u32::try_from(retry.retry_attempts).unwrap_or_default(),
        interval: retry.interval.unwrap_or_default().get(),
    }))
}

/// What a trigger runs, unless it is paused.
pub(in crate::cloud) fn running(trigger: &Trigger) -> Option<TriggerDefinition> {
    (trigger.status == ACTIVE)
        .then(|| definition(trigger))
        .flatten()
}
