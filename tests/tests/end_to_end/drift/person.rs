//! Somebody who changes and removes a chat's parts in the cloud.

use libtest_mimic::Failed;
use serde_json::Value;
use uuid::Uuid;
use wschat_tests::cloud::{AccessBindingAction, Cloud};
use wschat_tests::emulator::State;
use yandex_cloud_rest::model::FieldMask;
use yandex_cloud_rest::model::access::{AccessBinding, AccessBindingDelta, AccessSubject};
use yandex_cloud_rest::model::apigateway::UpdateApiGatewayRequest;
use yandex_cloud_rest::model::database::{ServerlessDatabase, UpdateDatabaseRequest};
use yandex_cloud_rest::model::function::{SetScalingPolicyRequest, UpdateFunctionRequest};
use yandex_cloud_rest::model::iam::UpdateServiceAccountRequest;
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::trigger::UpdateTriggerRequest;

use crate::stage::Stage;

const INVOKER: &str = "functions.functionInvoker";

/// A part of a chat that somebody lays hands on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Account,
    Database,
    Function,
    Gateway,
    Specification,
    Trigger,
    Pause,
    Roles,
    Invokers,
    Tag,
    Instances,
}

/// Somebody with the operator's rights, who knows the chat's parts.
pub(super) struct Person<'a> {
    stage: &'a Stage,
    cloud: Cloud,
    stranger: String,
}

impl<'a> Person<'a> {
    pub(super) async fn in_cloud_of(stage: &'a Stage) -> Result<Self, Failed> {
        let cloud = Cloud::of(stage.emulator.addresses())?;
        let stranger = cloud.another("stranger", &[]).await?;
        let stranger = stranger.account().to_owned();
        Ok(Self {
            stage,
            cloud,
            stranger,
        })
    }

    /// Bindings of somebody else.
    pub(super) async fn adds_what_is_their_own(&self) -> Result<(), Failed> {
        let add = AccessBindingAction::Add;
        self.cloud.bind(add, "ydb.viewer", &self.stranger).await?;
        self.bind_function(add, &self.stranger).await
    }

    /// What has to be as it was: everything but what only grows.
    pub(super) async fn sees(&self) -> Result<State, Failed> {
        let mut all = self.stage.emulator.state().await?;
        all.connections.clear();
        all.topics.clear();
        all.access_bindings.sort_by_key(Value::to_string);
        for gateway in &mut all.gateways {
            let gateways = self.cloud.client().api_gateways();
            let specification = gateways.spec(&id(gateway)?).await?.openapi_spec;
            gateway["openapiSpec"] = Value::String(specification);
        }
        Ok(all)
    }

    /// Changes a part, and waits until that is done.
    pub(super) async fn change(&self, part: Part) -> Result<(), Failed> {
        let state = self.stage.emulator.state().await?;
        let operation = match part {
            Part::Account | Part::Database | Part::Function => self.edit(part, &state).await?,
            Part::Gateway => self.change_gateway("name").await?,
            Part::Specification => self.change_gateway("openapiSpec").await?,
            Part::Trigger | Part::Pause => self.change_trigger(part, &state).await?,
            Part::Roles => {
                let account = id(account(&state)?)?;
                let remove = AccessBindingAction::Remove;
                return Ok(self.cloud.bind(remove, "yds.admin", &account).await?);
            }
            Part::Invokers => {
                let account = id(account(&state)?)?;
                let remove = AccessBindingAction::Remove;
                return self.bind_function(remove, &account).await;
            }
            Part::Tag | Part::Instances => self.change_serving(part, &state).await?,
        };
        self.cloud.end(&operation).await?;
        Ok(())
    }

    /// A description, a limit, or all labels.
    async fn edit(&self, part: Part, state: &State) -> Result<Operation, Failed> {
        let client = self.cloud.client();
        let key = Uuid::new_v4();
        match part {
            Part::Account => {
                let request = UpdateServiceAccountRequest {
                    update_mask: Some(FieldMask::of(["description"])),
                    name: text(account(state)?, "name")?,
                    description: "by hand".to_owned(),
                    ..UpdateServiceAccountRequest::default()
                };
                let id = id(account(state)?)?;
                Ok(client.service_accounts().update(&id, &request, key).await?)
            }
            Part::Database => {
                let request = UpdateDatabaseRequest {
                    update_mask: Some(FieldMask::of(["serverlessDatabase.storageSizeLimit"])),
                    serverless_database: Some(ServerlessDatabase {
                        storage_size_limit: 7 << 30,
                        ..ServerlessDatabase::default()
                    }),
                    ..UpdateDatabaseRequest::default()
                };
                let id = id(first(&state.databases)?)?;
                Ok(client.databases().update(&id, &request, key).await?)
            }
            _ => {
                let request = UpdateFunctionRequest {
                    update_mask: Some(FieldMask::of(["labels"])),
                    ..UpdateFunctionRequest::default()
                };
                let id = id(first(&state.functions)?)?;
                Ok(client.functions().update(&id, &request, key).await?)
            }
        }
    }

    /// Renames the trigger, or pauses it.
    async fn change_trigger(&self, part: Part, state: &State) -> Result<Operation, Failed> {
        let triggers = self.cloud.client().triggers();
        let id = id(first(&state.triggers)?)?;
        let key = Uuid::new_v4();
        if matches!(part, Part::Pause) {
            return Ok(triggers.pause(&id, key).await?);
        }
        let request = UpdateTriggerRequest {
            update_mask: Some(FieldMask::of(["name"])),
            name: "by-hand".to_owned(),
            ..UpdateTriggerRequest::default()
        };
        Ok(triggers.update(&id, &request, key).await?)
    }

    /// Takes the tag away, or keeps an instance warm.
    async fn change_serving(&self, part: Part, state: &State) -> Result<Operation, Failed> {
        let client = self.cloud.client();
        let key = Uuid::new_v4();
        if matches!(part, Part::Tag) {
            let version = id(first(&state.versions)?)?;
            return Ok(client.versions().remove_tag(&version, "live", key).await?);
        }
        let request = SetScalingPolicyRequest {
            tag: "live".to_owned(),
            provisioned_instances_count: 1,
            ..SetScalingPolicyRequest::default()
        };
        let id = id(first(&state.functions)?)?;
        let functions = client.functions();
        Ok(functions.set_scaling_policy(&id, &request, key).await?)
    }

    /// Renames the gateway, or gives it another path.
    async fn change_gateway(&self, field: &'static str) -> Result<Operation, Failed> {
        let state = self.stage.emulator.state().await?;
        let gateways = self.cloud.client().api_gateways();
        let id = id(first(&state.gateways)?)?;
        let specification = gateways.spec(&id).await?.openapi_spec;
        let request = UpdateApiGatewayRequest {
            update_mask: Some(FieldMask::of([field])),
            name: "by-hand".to_owned(),
            openapi_spec: specification.replace("\"/ws\"", "\"/elsewhere\""),
            ..UpdateApiGatewayRequest::default()
        };
        Ok(gateways.update(&id, &request, Uuid::new_v4()).await?)
    }

    /// Lets an account call the function, or no longer.
    async fn bind_function(
        &self,
        action: AccessBindingAction,
        account: &str,
    ) -> Result<(), Failed> {
        let state = self.stage.emulator.state().await?;
        let delta = AccessBindingDelta {
            action,
            access_binding: AccessBinding {
                role_id: INVOKER.to_owned(),
                subject: AccessSubject::service_account(account),
            },
        };
        let id = id(first(&state.functions)?)?;
        let functions = self.cloud.client().functions();
        let operation = functions
            .update_access_bindings(&id, &[delta], Uuid::new_v4())
            .await?;
        self.cloud.end(&operation).await?;
        Ok(())
    }

    /// Removes a part; answers its id.
    pub(super) async fn remove(&self, part: Part) -> Result<String, Failed> {
        let state = self.stage.emulator.state().await?;
        let client = self.cloud.client();
        let key = Uuid::new_v4();
        let (id, operation) = match part {
            Part::Account => {
                let id = id(account(&state)?)?;
                let operation = client.service_accounts().delete(&id, key).await?;
                (id, operation)
            }
            Part::Database => {
                let id = id(first(&state.databases)?)?;
                let operation = client.databases().delete(&id, key).await?;
                (id, operation)
            }
            Part::Function => {
                let id = id(first(&state.functions)?)?;
                let operation = client.functions().delete(&id, key).await?;
                (id, operation)
            }
            Part::Gateway => {
                let id = id(first(&state.gateways)?)?;
                let operation = client.api_gateways().delete(&id, key).await?;
                (id, operation)
            }
            _ => {
                let id = id(first(&state.triggers)?)?;
                let operation = client.triggers().delete(&id, key).await?;
                (id, operation)
            }
        };
        self.cloud.end(&operation).await?;
        Ok(id)
    }
}

fn account(state: &State) -> Result<&Value, Failed> {
    let of_chat = |account: &&Value| !account["labels"]["wschat-name"].is_null();
    let account = state.service_accounts.iter().find(of_chat);
    account.ok_or_else(|| "the chat has no account".into())
}

fn first(all: &[Value]) -> Result<&Value, Failed> {
    all.first().ok_or_else(|| "the chat lacks a part".into())
}

fn id(resource: &Value) -> Result<String, Failed> {
    text(resource, "id")
}

fn text(resource: &Value, field: &str) -> Result<String, Failed> {
    let text = resource[field].as_str().map(str::to_owned);
    text.ok_or_else(|| format!("no {field} in {resource}").into())
}
