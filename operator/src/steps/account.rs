//! The service account that the chat runs as.

use uuid::Uuid;
use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::iam::{CreateServiceAccountRequest, ServiceAccount};
use yandex_cloud_rest::model::operation::Operation;

use super::child::{Child, Facts, State, ensure as ensure_child, remove as remove_child};
use crate::cloud::{Cloud, CloudError};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;

/// What other steps need of the account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
}

struct ServiceAccounts;

impl Child for ServiceAccounts {
    const RESOURCE: Resource = Resource::ServiceAccount;
    const ID_FIELD: &'static str = "serviceAccountId";

    async fn get(cloud: &Cloud, id: &str) -> Result<Facts, CloudError> {
        cloud.account(id).await.map(facts)
    }

    async fn named(cloud: &Cloud, folder_id: &str, name: &str) -> Result<Vec<Facts>, CloudError> {
        let accounts = cloud.accounts_named(folder_id, name).await?;
        Ok(accounts.into_iter().map(facts).collect())
    }

    async fn delete(cloud: &Cloud, id: &str, key: Uuid) -> Result<Operation, CloudError> {
        cloud.delete_account(id, key).await
    }
}

fn facts(account: ServiceAccount) -> Facts {
    Facts {
        state: State::of(&account.status),
        id: account.id,
        labels: account.labels,
        created_at: account.created_at.unwrap_or_default(),
        endpoint: None,
    }
}

/// Sees to it that the account exists.
pub(crate) async fn ensure(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Outcome<Account> {
    settle(try_ensure(pass, saved).await).map(|facts| Account { id: facts.id })
}

async fn try_ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
) -> Result<Outcome<Facts>, StepError> {
    let name = &pass.identity.names.service_account;
    let request = CreateServiceAccountRequest {
        folder_id: pass.identity.folder_id.clone(),
        name: name.clone(),
        description: pass.identity.description(),
        labels: pass.identity.labels.clone(),
    };
    let hash = request_hash(&request)?;
    let cloud = &pass.context.cloud;
    ensure_child::<ServiceAccounts, _>(pass, saved, name, &hash, |key| async move {
        cloud.create_account(&request, key).await
    })
    .await
}

/// Sees to it that the account doesn't exist.
pub(crate) async fn remove(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Outcome<()> {
    settle(remove_child::<ServiceAccounts>(pass, saved, &pass.identity.names.service_account).await)
}

/// The id of the account, for whoever removes its traces; `None` without one.
pub(crate) async fn id(
    pass: &Pass<'_>,
    saved: &ResourceStatus,
) -> Result<Option<String>, StepError> {
    if let Some(id) = &saved.id {
        return Ok(Some(id.clone()));
    }
    let identity = pass.identity;
    let accounts = pass
        .context
        .cloud
        .accounts_named(&identity.folder_id, &identity.names.service_account)
        .await
        .map_err(|source| StepError::Cloud {
            action: "look at",
            resource: Resource::ServiceAccount,
            source,
        })?;
    let ours = accounts
        .into_iter()
        .find(|account| crate::names::owns(&identity.labels, &account.labels));
    Ok(ours.map(|account| account.id))
}
