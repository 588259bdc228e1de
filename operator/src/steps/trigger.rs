//! The trigger: hands what the topic gets to every socket of the path.

use uuid::Uuid;
use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::trigger::{
    BatchSettings, CreateTriggerRequest, DataStream, GatewayWebsocketBroadcast, Rule,
    Trigger as Model, UpdateTriggerRequest,
};
use yandex_cloud_rest::model::{Duration, FieldMask, Labels};

use super::account::Account;
use super::child::{
    Child, Facts, Marks, State, all_labels, ensure as ensure_child, remove as remove_child,
};
use super::database::Database;
use super::gateway::Gateway;
use crate::change::{Difference, paths};
use crate::cloud::{Cloud, CloudError};
use crate::context::Pass;
use crate::inventory::Folder;
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;
use crate::validate::{Desired, Identity};

struct Triggers;

impl Child for Triggers {
    const RESOURCE: Resource = Resource::Trigger;
    const ID_FIELD: &'static str = "triggerId";

    type Model = Model;
    type Wish = CreateTriggerRequest;

    fn facts(model: &Model) -> Facts {
        facts(model)
    }

    fn differences(wish: &CreateTriggerRequest, model: &Model) -> Vec<Difference> {
        differences(wish, model)
    }

    fn listed(lists: &Folder, id: &str) -> Result<Option<Model>, CloudError> {
        let all = lists.triggers.as_ref().map_err(Clone::clone)?;
        Ok(all.get(id).cloned())
    }

    async fn get(cloud: &Cloud, id: &str) -> Result<Model, CloudError> {
        cloud.trigger(id).await
    }

    async fn named(pass: &Pass<'_>, name: &str) -> Result<Vec<Model>, CloudError> {
        let (cloud, folder) = (&pass.context.cloud, &pass.identity.folder_id);
        cloud.triggers_named(folder, name).await
    }

    async fn create(
        cloud: &Cloud,
        wish: &CreateTriggerRequest,
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        cloud.create_trigger(wish, key).await
    }

    async fn update(
        cloud: &Cloud,
        wish: &CreateTriggerRequest,
        model: &Model,
        differences: &[Difference],
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        // Somebody paused it; nothing else tells it to go on.
        if let [only] = differences
            && only.field == STATUS
        {
            return cloud.resume_trigger(&model.id, key).await;
        }
        let request = update(wish, model, differences);
        cloud.update_trigger(&model.id, &request, key).await
    }

    async fn label(
        cloud: &Cloud,
        model: &Model,
        labels: Labels,
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        let request = UpdateTriggerRequest {
            update_mask: Some(FieldMask::of(["labels"])),
            labels,
            ..UpdateTriggerRequest::default()
        };
        cloud.update_trigger(&model.id, &request, key).await
    }

    async fn delete(cloud: &Cloud, id: &str, key: Uuid) -> Result<Operation, CloudError> {
        cloud.delete_trigger(id, key).await
    }
}

/// What is resumed rather than updated.
const STATUS: &str = "status";
const PAUSED: &str = "PAUSED";
const ACTIVE: &str = "ACTIVE";

fn facts(trigger: &Model) -> Facts {
    Facts {
        id: trigger.id.clone(),
        labels: trigger.labels.clone(),
        created_at: trigger.created_at.clone().unwrap_or_default(),
        state: State::of(&trigger.status),
        endpoint: None,
    }
}

/// What the trigger connects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) account: &'a Account,
    pub(crate) database: &'a Database,
    pub(crate) gateway: &'a Gateway,
}

fn request(identity: &Identity, desired: &Desired, parts: Parts<'_>) -> CreateTriggerRequest {
    let Parts {
        account,
        database,
        gateway,
    } = parts;
    let stream = DataStream {
        database: database.path.clone(),
        stream: desired.topic.name.clone(),
        service_account_id: account.id.clone(),
        batch_settings: Some(BatchSettings {
            size: desired.broadcast.batch_bytes,
            cutoff: Some(desired.broadcast.cutoff.into()),
        }),
        gateway_websocket_broadcast: Some(GatewayWebsocketBroadcast {
            gateway_id: gateway.id.clone(),
            path: desired.path.clone(),
            service_account_id: account.id.clone(),
        }),
        ..DataStream::default()
    };
    CreateTriggerRequest {
        folder_id: identity.folder_id.clone(),
        name: identity.names.trigger.clone(),
        description: identity.description(),
        labels: identity.labels.clone(),
        rule: Rule {
            data_stream: Some(stream),
        },
    }
}

fn differences(wish: &CreateTriggerRequest, found: &Model) -> Vec<Difference> {
    let is = Marks {
        name: &found.name,
        description: &found.description,
        labels: &found.labels,
    };
    let mut all = is.differences(Marks {
        name: &wish.name,
        description: &wish.description,
        labels: &wish.labels,
    });
    let is = found.rule.data_stream.clone().unwrap_or_default();
    let wanted = wish.rule.data_stream.clone().unwrap_or_default();
    all.extend(source(&is, &wanted));
    all.extend(target(&is, &wanted));
    // Last and alone: it takes another call than the rest.
    if all.is_empty() && found.status == PAUSED {
        all.extend(Difference::between(STATUS, &PAUSED, &ACTIVE));
    }
    all
}

/// What it reads, and in which batches.
fn source(is: &DataStream, wanted: &DataStream) -> Vec<Difference> {
    let batches = |stream: &DataStream| stream.batch_settings.clone().unwrap_or_default();
    let cutoff = |stream: &DataStream| {
        let cutoff = batches(stream).cutoff.map(Duration::get);
        format!("{}s", cutoff.unwrap_or_default().as_secs_f64())
    };
    let texts = [
        ("rule.dataStream.database", &is.database, &wanted.database),
        ("rule.dataStream.stream", &is.stream, &wanted.stream),
        (
            "rule.dataStream.serviceAccountId",
            &is.service_account_id,
            &wanted.service_account_id,
        ),
        (
            "rule.dataStream.batchSettings.size",
            &batches(is).size.to_string(),
            &batches(wanted).size.to_string(),
        ),
        (
            "rule.dataStream.batchSettings.cutoff",
            &cutoff(is),
            &cutoff(wanted),
        ),
    ];
    let texts = texts.into_iter();
    texts
        .filter_map(|(field, is, wanted)| Difference::between(field, is, wanted))
        .collect()
}

/// Where it sends them.
fn target(is: &DataStream, wanted: &DataStream) -> Vec<Difference> {
    let broadcast = |stream: &DataStream| {
        let target = stream.gateway_websocket_broadcast.clone();
        target.unwrap_or_default()
    };
    let (is, wanted) = (broadcast(is), broadcast(wanted));
    let texts = [
        ("gatewayId", &is.gateway_id, &wanted.gateway_id),
        ("path", &is.path, &wanted.path),
        (
            "serviceAccountId",
            &is.service_account_id,
            &wanted.service_account_id,
        ),
    ];
    let path = "rule.dataStream.gatewayWebsocketBroadcast";
    let texts = texts.into_iter();
    texts
        .filter_map(|(field, is, wanted)| {
            Difference::between(&format!("{path}.{field}"), is, wanted)
        })
        .collect()
}

/// The rule goes as a whole.
fn update(
    wish: &CreateTriggerRequest,
    found: &Model,
    differences: &[Difference],
) -> UpdateTriggerRequest {
    UpdateTriggerRequest {
        update_mask: Some(FieldMask::of(paths(differences))),
        name: wish.name.clone(),
        description: wish.description.clone(),
        labels: all_labels(&found.labels, &wish.labels),
        rule: Some(wish.rule.clone()),
    }
}

/// Sees to it that the trigger exists.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    desired: &Desired,
    parts: Parts<'_>,
) -> Outcome<()> {
    let wish = request(pass.identity, desired, parts);
    let outcome = ensure_child::<Triggers>(pass, saved, &wish, &wish.name).await;
    outcome.map(|_| ())
}

/// Sees to it that the trigger doesn't exist.
pub(crate) async fn remove(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Outcome<()> {
    settle(remove_child::<Triggers>(pass, saved, &pass.identity.names.trigger).await)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rule(path: &str, cutoff: u64) -> Rule {
        Rule {
            data_stream: Some(DataStream {
                database: "/r/c/d".to_owned(),
                stream: "broadcast-topic".to_owned(),
                service_account_id: "aje1".to_owned(),
                batch_settings: Some(BatchSettings {
                    size: 1,
                    cutoff: Some(Duration::from_secs(cutoff).into()),
                }),
                gateway_websocket_broadcast: Some(GatewayWebsocketBroadcast {
                    gateway_id: "d5d1".to_owned(),
                    path: path.to_owned(),
                    service_account_id: "aje1".to_owned(),
                }),
                ..DataStream::default()
            }),
        }
    }

    fn compared(wished: Rule, found: Rule, status: &str) -> Vec<String> {
        let wish = CreateTriggerRequest {
            rule: wished,
            ..CreateTriggerRequest::default()
        };
        let found = Model {
            rule: found,
            status: status.to_owned(),
            ..Model::default()
        };
        let all = differences(&wish, &found);
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_part_of_the_rule_is_compared() {
        let same = compared(rule("/ws", 1), rule("/ws", 1), ACTIVE);
        assert_eq!(same, Vec::<String>::new());
        assert_eq!(
            compared(rule("/ws", 2), rule("/chat", 1), ACTIVE),
            [
                "rule.dataStream.batchSettings.cutoff: 1s -> 2s",
                "rule.dataStream.gatewayWebsocketBroadcast.path: /chat -> /ws"
            ]
        );
        let other = compared(rule("/ws", 1), Rule::default(), ACTIVE);
        assert_eq!(other.len(), 8, "{other:?}");
    }

    #[test]
    fn a_paused_trigger_is_resumed_after_everything_else_is_right() {
        assert_eq!(
            compared(rule("/ws", 1), rule("/ws", 1), PAUSED),
            ["status: PAUSED -> ACTIVE"]
        );
        let first = compared(rule("/ws", 1), rule("/x", 1), PAUSED);
        assert_eq!(first.len(), 1);
        assert!(first[0].contains("path"), "{first:?}");
    }
}
