//! A person who works in the emulated cloud: with an account's key, over REST.

use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::{Value, json};
use uuid::Uuid;
use wschat_tests::emulator::Addresses;
use wschat_tests::wait::eventually;
use yandex_cloud_rest::auth::{AuthorizedKey, Credentials};
use yandex_cloud_rest::model::access::{
    AccessBinding, AccessBindingAction, AccessBindingDelta, AccessSubject,
};
use yandex_cloud_rest::model::iam::CreateServiceAccountRequest;
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::{Client, Config};

const OPERATION_LIMIT: Duration = Duration::from_secs(30);

/// Somebody with an account in a folder.
pub(crate) struct Cloud {
    client: Client,
    api: String,
    folder: String,
    /// The account's id.
    pub(crate) account: String,
}

impl Cloud {
    /// The operator's own account.
    pub(crate) fn of(addresses: &Addresses) -> Result<Self, Failed> {
        let path = addresses.operator_key.as_deref();
        let key = AuthorizedKey::read(path.ok_or("no operator key")?)?;
        Self::signed_in(key, &addresses.api, &addresses.folder_id)
    }

    fn signed_in(key: AuthorizedKey, api: &str, folder: &str) -> Result<Self, Failed> {
        let account = key.service_account_id().to_owned();
        let client = Client::new(Config {
            api_endpoint: api.to_owned(),
            ..Config::new(Credentials::AuthorizedKey(Box::new(key)))
        })?;
        Ok(Self {
            client,
            api: api.to_owned(),
            folder: folder.to_owned(),
            account,
        })
    }

    /// Makes another account that may grant roles, among them every role of a
    /// gateway's editor.
    pub(crate) async fn second_account(&self) -> Result<Self, Failed> {
        let request = CreateServiceAccountRequest {
            folder_id: self.folder.clone(),
            name: "second".to_owned(),
            ..CreateServiceAccountRequest::default()
        };
        let accounts = self.client.service_accounts();
        let operation = accounts.create(&request, Uuid::new_v4()).await?;
        let made = self.end(&operation).await?.response.unwrap_or_default();
        let account = made["id"].as_str().ok_or("the account has no id")?;
        for role in ["resource-manager.admin", "api-gateway.editor"] {
            self.bind(AccessBindingAction::Add, role, account).await?;
        }
        let key = self.key(account).await?;
        Self::signed_in(key, &self.api, &self.folder)
    }

    /// Gives a role in the folder to an account, or takes it away.
    pub(crate) async fn bind(
        &self,
        action: AccessBindingAction,
        role: &str,
        account: &str,
    ) -> Result<(), Failed> {
        let delta = AccessBindingDelta {
            action,
            access_binding: AccessBinding {
                role_id: role.to_owned(),
                subject: AccessSubject::service_account(account),
            },
        };
        let folders = self.client.folders();
        let operation = folders
            .update_access_bindings(&self.folder, &[delta], Uuid::new_v4())
            .await?;
        self.end(&operation).await?;
        Ok(())
    }

    /// A new authorized key, which the operator never needs to make.
    async fn key(&self, account: &str) -> Result<AuthorizedKey, Failed> {
        let token = self.client.tokens().get().await?;
        let answer: Value = reqwest::Client::new()
            .post(format!("{}/iam/v1/keys", self.api))
            .bearer_auth(token.value)
            .json(&json!({ "serviceAccountId": account }))
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("no key");
        let id = text(&answer["key"]["id"])?;
        let pem = text(&answer["privateKey"])?;
        Ok(AuthorizedKey::new(&id, account, &pem)?)
    }

    async fn end(&self, operation: &Operation) -> Result<Operation, Failed> {
        let operations = self.client.operations();
        let ended = eventually(&operation.description, OPERATION_LIMIT, || async {
            match operations.get(&operation.id).await {
                Ok(operation) if operation.done => Ok(operation),
                Ok(_) => Err("it runs".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        })
        .await?;
        match &ended.error {
            Some(error) => Err(format!("{}: {}", operation.description, error.message).into()),
            None => Ok(ended),
        }
    }
}
