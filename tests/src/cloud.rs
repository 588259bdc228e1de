//! Somebody who works in the emulated cloud by hand: with an account's key,
//! over REST.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;
use yandex_cloud_rest::auth::{AuthError, AuthorizedKey, Credentials, KeyFileError};
use yandex_cloud_rest::model::access::{AccessBinding, AccessBindingDelta, AccessSubject};
use yandex_cloud_rest::model::iam::CreateServiceAccountRequest;
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::{Client, Config};
use ydb::YdbError;

pub use yandex_cloud_rest::model::access::AccessBindingAction;

use crate::emulator::Addresses;
use crate::goose::GooseError;
use crate::wait::{TimedOut, eventually};

mod chat;
mod echo;
mod function;
mod labels;

pub use chat::{Chat, ChatSettings};
pub use function::packed;
pub use labels::Thing;

const OPERATION_LIMIT: Duration = Duration::from_secs(30);

/// The cloud doesn't do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// The emulator wrote no key for the operator's account.
    #[error("the emulator made no operator key")]
    NoKey,
    /// The key is no good.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// There is no token.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// A call failed.
    #[error(transparent)]
    Call(#[from] yandex_cloud_rest::Error),
    /// A call that the client doesn't have failed.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// An operation didn't end.
    #[error(transparent)]
    Late(#[from] TimedOut),
    /// An operation ended badly.
    #[error("{what}: {message}")]
    Operation {
        /// What it was about.
        what: String,
        /// Why.
        message: String,
    },
    /// An answer lacks something.
    #[error("the answer has no {0}")]
    Missing(&'static str),
    /// An archive can't be packed.
    #[error(transparent)]
    Archive(#[from] zip::result::ZipError),
    /// The handler's archive can't be read.
    #[error("cannot read {}: {source}; build it with `cargo xtask handler`", path.display())]
    Handler {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The migrations can't be applied.
    #[error(transparent)]
    Migrations(#[from] GooseError),
    /// The database doesn't do what it was asked for.
    #[error(transparent)]
    Database(#[from] Box<YdbError>),
}

/// An account in a folder.
#[derive(Debug)]
pub struct Cloud {
    client: Client,
    api: String,
    folder: String,
    account: String,
}

impl Cloud {
    /// The operator's own account.
    pub fn of(addresses: &Addresses) -> Result<Self, CloudError> {
        let path = addresses.operator_key.as_deref();
        let key = AuthorizedKey::read(path.ok_or(CloudError::NoKey)?)?;
        Self::signed_in(key, &addresses.api, &addresses.folder_id)
    }

    /// The account with the role admin.
    pub fn of_admin(addresses: &Addresses) -> Result<Self, CloudError> {
        let path = addresses.admin_key.as_deref();
        let key = AuthorizedKey::read(path.ok_or(CloudError::NoKey)?)?;
        Self::signed_in(key, &addresses.api, &addresses.folder_id)
    }

    fn signed_in(key: AuthorizedKey, api: &str, folder: &str) -> Result<Self, CloudError> {
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

    /// For whatever has no method here.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The folder's id.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The account's id.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The same account in another folder.
    #[must_use]
    pub fn in_folder(mut self, folder: &str) -> Self {
        folder.clone_into(&mut self.folder);
        self
    }

    /// Makes another account with these roles in the folder, and signs in with it.
    pub async fn another(&self, name: &str, roles: &[&str]) -> Result<Self, CloudError> {
        let account = self.make_account(name, roles).await?;
        let key = AuthorizedKey::parse(&self.key_file(&account).await?)?;
        Self::signed_in(key, &self.api, &self.folder)
    }

    /// Makes another account with these roles in the folder: its id.
    pub async fn make_account(&self, name: &str, roles: &[&str]) -> Result<String, CloudError> {
        let request = CreateServiceAccountRequest {
            folder_id: self.folder.clone(),
            name: name.to_owned(),
            ..CreateServiceAccountRequest::default()
        };
        let accounts = self.client.service_accounts();
        let operation = accounts.create(&request, Uuid::new_v4()).await?;
        let account = self.made(&operation, "serviceAccountId").await?;
        for role in roles {
            self.bind(AccessBindingAction::Add, role, &account).await?;
        }
        Ok(account)
    }

    /// Gives a role in the folder to an account, or takes it away.
    pub async fn bind(
        &self,
        action: AccessBindingAction,
        role: &str,
        account: &str,
    ) -> Result<(), CloudError> {
        let delta = delta(action, role, account);
        let folders = self.client.folders();
        let operation = folders
            .update_access_bindings(&self.folder, &[delta], Uuid::new_v4())
            .await?;
        self.end(&operation).await.map(drop)
    }

    /// A new authorized key, as a file; the operator never needs to make one.
    pub async fn key_file(&self, account: &str) -> Result<String, CloudError> {
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
        let id = answer["key"]["id"].as_str();
        let pem = answer["privateKey"].as_str();
        let missing = CloudError::Missing;
        let id = id.ok_or(missing("key's id"))?;
        let pem = pem.ok_or(missing("privateKey"))?;
        let file = json!({ "id": id, "service_account_id": account, "private_key": pem });
        Ok(file.to_string())
    }

    /// Deletes the authorized key of a file.
    pub async fn delete_key(&self, file: &str) -> Result<(), CloudError> {
        let key = AuthorizedKey::parse(file)?;
        let token = self.client.tokens().get().await?;
        reqwest::Client::new()
            .delete(format!("{}/iam/v1/keys/{}", self.api, key.id()))
            .bearer_auth(token.value)
            .send()
            .await?
            .error_for_status()?;
        Ok(())
    }

    /// The id of what an operation makes, once it is made.
    pub async fn made(
        &self,
        operation: &Operation,
        field: &'static str,
    ) -> Result<String, CloudError> {
        let operation = self.end(operation).await?;
        let id = operation.metadata_text(field).map(str::to_owned);
        id.ok_or(CloudError::Missing(field))
    }

    /// An operation at its good end.
    pub async fn end(&self, operation: &Operation) -> Result<Operation, CloudError> {
        let operations = self.client.operations();
        let what = format!("{} to end", operation.description);
        let ended = eventually(what, OPERATION_LIMIT, || async {
            match operations.get(&operation.id).await {
                Ok(operation) if operation.done => Ok(operation),
                Ok(_) => Err("it runs".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        })
        .await?;
        match &ended.error {
            Some(error) => Err(CloudError::Operation {
                what: operation.description.clone(),
                message: error.message.clone(),
            }),
            None => Ok(ended),
        }
    }
}

fn delta(action: AccessBindingAction, role: &str, account: &str) -> AccessBindingDelta {
    AccessBindingDelta {
        action,
        access_binding: AccessBinding {
            role_id: role.to_owned(),
            subject: AccessSubject::service_account(account),
        },
    }
}
