//! The trigger: hands what the topic gets to every socket of the path.

use uuid::Uuid;
use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::trigger::{
    BatchSettings, CreateTriggerRequest, DataStream, GatewayWebsocketBroadcast, Rule,
    Trigger as Model,
};

use super::account::Account;
use super::child::{Child, Facts, State, ensure as ensure_child, remove as remove_child};
use super::database::Database;
use super::gateway::Gateway;
use crate::cloud::{Cloud, CloudError};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;
use crate::validate::{Desired, Identity};

struct Triggers;

impl Child for Triggers {
    const RESOURCE: Resource = Resource::Trigger;
    const ID_FIELD: &'static str = "triggerId";

    async fn get(cloud: &Cloud, id: &str) -> Result<Facts, CloudError> {
        cloud.trigger(id).await.map(facts)
    }

    async fn named(cloud: &Cloud, folder_id: &str, name: &str) -> Result<Vec<Facts>, CloudError> {
        let triggers = cloud.triggers_named(folder_id, name).await?;
        Ok(triggers.into_iter().map(facts).collect())
    }

    async fn delete(cloud: &Cloud, id: &str, key: Uuid) -> Result<Operation, CloudError> {
        cloud.delete_trigger(id, key).await
    }
}

fn facts(trigger: Model) -> Facts {
    let state = match trigger.status.as_str() {
        "PAUSED" => State::Broken("PAUSED".to_owned()),
        other => State::of(other),
    };
    Facts {
        state,
        id: trigger.id,
        labels: trigger.labels,
        created_at: trigger.created_at.unwrap_or_default(),
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

/// Sees to it that the trigger exists.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    desired: &Desired,
    parts: Parts<'_>,
) -> Outcome<()> {
    settle(try_ensure(pass, saved, desired, parts).await).map(|_| ())
}

async fn try_ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    desired: &Desired,
    parts: Parts<'_>,
) -> Result<Outcome<Facts>, StepError> {
    let request = request(pass.identity, desired, parts);
    let hash = request_hash(&request)?;
    let cloud = &pass.context.cloud;
    let name = &pass.identity.names.trigger;
    ensure_child::<Triggers, _>(pass, saved, name, &hash, |key| async move {
        cloud.create_trigger(&request, key).await
    })
    .await
}

/// Sees to it that the trigger doesn't exist.
pub(crate) async fn remove(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Outcome<()> {
    settle(remove_child::<Triggers>(pass, saved, &pass.identity.names.trigger).await)
}
