//! The service account that the chat runs as.

use uuid::Uuid;
use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::iam::{
    CreateServiceAccountRequest, ServiceAccount, UpdateServiceAccountRequest,
};
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::{FieldMask, Labels};

use super::child::{
    Child, Facts, Marks, State, all_labels, ensure as ensure_child, is_adopted,
    remove as remove_child,
};
use crate::change::{Difference, paths};
use crate::cloud::{Cloud, CloudError};
use crate::context::Pass;
use crate::error::StepError;
use crate::inventory::Folder;
use crate::names::{is_possible, owns};
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;
use crate::validate::Identity;

/// What other steps need of the account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
}

struct ServiceAccounts;

impl Child for ServiceAccounts {
    const RESOURCE: Resource = Resource::ServiceAccount;
    const ID_FIELD: &'static str = "serviceAccountId";

    type Model = ServiceAccount;
    type Wish = CreateServiceAccountRequest;

    fn facts(model: &ServiceAccount) -> Facts {
        facts(model)
    }

    fn differences(wish: &CreateServiceAccountRequest, model: &ServiceAccount) -> Vec<Difference> {
        differences(wish, model)
    }

    fn listed(lists: &Folder, id: &str) -> Result<Option<ServiceAccount>, CloudError> {
        let all = lists.accounts.as_ref().map_err(Clone::clone)?;
        Ok(all.get(id).cloned())
    }

    async fn get(cloud: &Cloud, id: &str) -> Result<ServiceAccount, CloudError> {
        cloud.account(id).await
    }

    async fn named(pass: &Pass<'_>, name: &str) -> Result<Vec<ServiceAccount>, CloudError> {
        let (cloud, folder) = (&pass.context.cloud, &pass.identity.folder_id);
        cloud.accounts_named(folder, name).await
    }

    async fn create(
        cloud: &Cloud,
        wish: &CreateServiceAccountRequest,
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        cloud.create_account(wish, key).await
    }

    async fn update(
        cloud: &Cloud,
        wish: &CreateServiceAccountRequest,
        model: &ServiceAccount,
        differences: &[Difference],
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        let request = update(wish, model, differences);
        cloud.update_account(&model.id, &request, key).await
    }

    async fn label(
        cloud: &Cloud,
        model: &ServiceAccount,
        labels: Labels,
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        let request = UpdateServiceAccountRequest {
            update_mask: Some(FieldMask::of(["labels"])),
            // The cloud wants it in every update.
            name: model.name.clone(),
            labels,
            ..UpdateServiceAccountRequest::default()
        };
        cloud.update_account(&model.id, &request, key).await
    }

    async fn delete(cloud: &Cloud, id: &str, key: Uuid) -> Result<Operation, CloudError> {
        cloud.delete_account(id, key).await
    }
}

fn facts(account: &ServiceAccount) -> Facts {
    Facts {
        id: account.id.clone(),
        labels: account.labels.clone(),
        created_at: account.created_at.clone().unwrap_or_default(),
        state: State::of(&account.status),
        endpoint: None,
    }
}

fn request(identity: &Identity) -> CreateServiceAccountRequest {
    CreateServiceAccountRequest {
        folder_id: identity.folder_id.clone(),
        name: identity.names.service_account.clone(),
        description: identity.description(),
        labels: identity.labels.clone(),
    }
}

fn differences(wish: &CreateServiceAccountRequest, found: &ServiceAccount) -> Vec<Difference> {
    let is = Marks {
        name: &found.name,
        description: &found.description,
        labels: &found.labels,
    };
    is.differences(Marks {
        name: &wish.name,
        description: &wish.description,
        labels: &wish.labels,
    })
}

fn update(
    wish: &CreateServiceAccountRequest,
    found: &ServiceAccount,
    differences: &[Difference],
) -> UpdateServiceAccountRequest {
    UpdateServiceAccountRequest {
        update_mask: Some(FieldMask::of(paths(differences))),
        name: wish.name.clone(),
        description: wish.description.clone(),
        labels: all_labels(&found.labels, &wish.labels),
    }
}

/// Sees to it that the account exists.
pub(crate) async fn ensure(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Outcome<Account> {
    let wish = request(pass.identity);
    let outcome = ensure_child::<ServiceAccounts>(pass, saved, &wish, &wish.name).await;
    outcome.map(|facts| Account { id: facts.id })
}

/// Sees to it that the account doesn't exist.
pub(crate) async fn remove(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Outcome<()> {
    settle(remove_child::<ServiceAccounts>(pass, saved, &pass.identity.names.service_account).await)
}

/// Whose traces there are to remove.
pub(crate) enum Traces {
    /// There is no account.
    Nobodys,
    Of(String),
    /// It was adopted: nobody knows which of its roles it had before.
    Kept,
}

/// Whose traces there are to remove.
pub(crate) async fn traces(pass: &Pass<'_>, saved: &ResourceStatus) -> Result<Traces, StepError> {
    if saved.adopted {
        return Ok(Traces::Kept);
    }
    if let Some(id) = &saved.id {
        return Ok(Traces::Of(id.clone()));
    }
    let identity = pass.identity;
    if !is_possible(&identity.names.service_account) {
        return Ok(Traces::Nobodys);
    }
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
        .find(|account| owns(&identity.labels, &account.labels));
    Ok(match ours {
        None => Traces::Nobodys,
        Some(account) if is_adopted(&account.labels) => Traces::Kept,
        Some(account) => Traces::Of(account.id),
    })
}
