//! Somebody who labels things in the cloud.

use libtest_mimic::Failed;
use serde_json::{Value, json};
use wschat_tests::cloud::Cloud;
use yandex_cloud_rest::model::operation::Operation;

use crate::stage::Stage;

const NAME: &str = "given";

/// What a chat is made of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Thing {
    Account,
    Database,
    Function,
    Gateway,
    Trigger,
}

impl Thing {
    /// In the order in which the operator comes to them.
    pub(super) const ALL: [Self; 5] = [
        Self::Account,
        Self::Database,
        Self::Function,
        Self::Gateway,
        Self::Trigger,
    ];

    /// The condition that tells about it.
    pub(super) fn condition(self) -> &'static str {
        match self {
            Self::Account => "ServiceAccountReady",
            Self::Database => "DatabaseReady",
            Self::Function => "FunctionReady",
            Self::Gateway => "GatewayReady",
            Self::Trigger => "TriggerReady",
        }
    }

    fn collection(self) -> &'static str {
        match self {
            Self::Account => "iam/v1/serviceAccounts",
            Self::Database => "ydb/v1/databases",
            Self::Function => "functions/v1/functions",
            Self::Gateway => "apigateways/v1/apigateways",
            Self::Trigger => "triggers/v1/triggers",
        }
    }
}

/// Somebody with the operator's rights.
pub(super) struct Person<'a> {
    stage: &'a Stage,
    cloud: Cloud,
}

impl<'a> Person<'a> {
    pub(super) fn in_cloud_of(stage: &'a Stage) -> Result<Self, Failed> {
        let cloud = Cloud::of(stage.emulator.addresses())?;
        Ok(Self { stage, cloud })
    }

    /// Replaces the labels of one of the things called `given`.
    pub(super) async fn label(&self, thing: Thing, labels: &Value) -> Result<(), Failed> {
        let found = self.find(thing).await?;
        let id = found["id"].as_str().ok_or("no id")?;
        let mut request = json!({ "updateMask": "labels", "labels": labels, "name": NAME });
        match thing {
            Thing::Database => request["folderId"] = found["folderId"].clone(),
            Thing::Gateway => {
                let gateways = self.cloud.client().api_gateways();
                request["openapiSpec"] = gateways.spec(id).await?.openapi_spec.into();
            }
            Thing::Account | Thing::Function | Thing::Trigger => {}
        }
        let api = &self.stage.emulator.addresses().api;
        let operation: Operation = reqwest::Client::new()
            .patch(format!("{api}/{}/{id}", thing.collection()))
            .bearer_auth(self.cloud.client().tokens().get().await?.value)
            .json(&request)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        self.cloud.end(&operation).await?;
        Ok(())
    }

    /// The labels of one of the things called `given`.
    pub(super) async fn labels(&self, thing: Thing) -> Result<Value, Failed> {
        Ok(self.find(thing).await?["labels"].clone())
    }

    async fn find(&self, thing: Thing) -> Result<Value, Failed> {
        let state = self.stage.emulator.state().await?;
        let all = match thing {
            Thing::Account => state.service_accounts,
            Thing::Database => state.databases,
            Thing::Function => state.functions,
            Thing::Gateway => state.gateways,
            Thing::Trigger => state.triggers,
        };
        let found = all.into_iter().find(|one| one["name"] == NAME);
        Ok(found.ok_or_else(|| format!("{thing:?} is gone"))?)
    }
}
