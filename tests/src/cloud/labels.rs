//! Labelling by hand what a chat is made of.

use serde_json::{Value, json};
use yandex_cloud_rest::model::operation::Operation;

use super::{Cloud, CloudError};
use crate::emulator::State;

/// What a chat is made of, as far as it has labels.
#[derive(Debug, Clone, Copy)]
pub enum Thing {
    /// The service account that its function and gateway act as.
    Account,
    /// The database.
    Database,
    /// The function.
    Function,
    /// The gateway.
    Gateway,
    /// The trigger.
    Trigger,
}

impl Thing {
    /// In the order in which the operator comes to them.
    pub const ALL: [Self; 5] = [
        Self::Account,
        Self::Database,
        Self::Function,
        Self::Gateway,
        Self::Trigger,
    ];

    /// All of its kind that exist.
    #[must_use]
    pub fn all_in(self, state: &State) -> &[Value] {
        match self {
            Self::Account => &state.service_accounts,
            Self::Database => &state.databases,
            Self::Function => &state.functions,
            Self::Gateway => &state.gateways,
            Self::Trigger => &state.triggers,
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

impl Cloud {
    /// Replaces the labels of the thing that was `found`.
    pub async fn label(
        &self,
        thing: Thing,
        found: &Value,
        labels: &Value,
    ) -> Result<(), CloudError> {
        let id = found["id"].as_str().ok_or(CloudError::Missing("id"))?;
        let name = &found["name"];
        let mut request = json!({ "updateMask": "labels", "labels": labels, "name": name });
        match thing {
            Thing::Database => request["folderId"] = found["folderId"].clone(),
            Thing::Gateway => {
                let gateways = self.client.api_gateways();
                request["openapiSpec"] = gateways.spec(id).await?.openapi_spec.into();
            }
            Thing::Account | Thing::Function | Thing::Trigger => {}
        }
        let operation: Operation = reqwest::Client::new()
            .patch(format!("{}/{}/{id}", self.api, thing.collection()))
            .bearer_auth(self.client.tokens().get().await?.value)
            .json(&request)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        self.end(&operation).await.map(drop)
    }
}
