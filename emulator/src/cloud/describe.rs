//! The whole state for tests, and what is used of each quota.

use serde_json::{Value, json};
use yandex_cloud_rest::model::iam::ServiceAccount;

use super::{Cloud, quotas};
use crate::error::Status;
use crate::iam::Account;
use crate::iam::accounts::AccountState;

/// A service account on the wire.
pub(crate) fn service_account(account: &Account) -> ServiceAccount {
    let status = match account.state {
        AccountState::Creating => "CREATING",
        AccountState::Active => "ACTIVE",
        AccountState::Deleting => "DELETING",
    };
    ServiceAccount {
        id: account.id.clone(),
        folder_id: account.folder_id.clone(),
        created_at: Some(account.created_at.to_string()),
        name: account.name.clone(),
        description: account.description.clone(),
        labels: account.labels.clone(),
        status: status.to_owned(),
    }
}

impl Cloud {
    /// All there is, for `/_emulator/state`.
    ///
    /// # Errors
    /// Only on a bug.
    pub fn describe(&self) -> Result<Value, Status> {
        let failed = |error: serde_json::Error| Status::internal(error.to_string());
        let accounts: Vec<ServiceAccount> =
            self.iam().accounts().iter().map(service_account).collect();
        let bindings: Vec<Value> = self
            .iam()
            .all_bindings()
            .into_iter()
            .map(|(resource, binding)| {
                json!({
                    "resourceType": resource.kind.name(),
                    "resourceId": resource.id,
                    "roleId": binding.role_id,
                    "subject": { "id": binding.subject_id, "type": binding.subject_type },
                })
            })
            .collect();
        let state = self.state();
        let topics: Vec<Value> = state
            .databases
            .keys()
            .flat_map(|id| self.plane().topics(&self.database_path(id)))
            .collect();
        let versions: Vec<_> = state
            .versions
            .values()
            .map(|stored| &stored.version)
            .collect();
        let gateways: Vec<_> = state
            .gateways
            .values()
            .map(|stored| &stored.gateway)
            .collect();
        Ok(json!({
            "serviceAccounts": serde_json::to_value(accounts).map_err(failed)?,
            "accessBindings": bindings,
            "databases": state.databases.values().collect::<Vec<_>>(),
            "topics": topics,
            "functions": state.functions.values().collect::<Vec<_>>(),
            "versions": versions,
            "gateways": gateways,
            "triggers": state.triggers.values().collect::<Vec<_>>(),
            "connections": self.plane().connections(),
        }))
    }

    /// How much of a quota is used.
    pub(crate) fn usage(&self, quota: &str) -> usize {
        match quota {
            quotas::DATABASES => self.state().databases.len(),
            quotas::FUNCTIONS => self.state().functions.len(),
            quotas::TRIGGERS => self.state().triggers.len(),
            quotas::GATEWAYS => self.state().gateways.len(),
            quotas::SERVICE_ACCOUNTS => self.iam().accounts().len(),
            quotas::KEYS => self
                .iam()
                .accounts()
                .iter()
                .map(|a| self.iam().keys_of(&a.id).len())
                .sum(),
            quotas::FEDERATIONS => self.iam().federations().len(),
            quotas::FEDERATED_CREDENTIALS => self.iam().federated_credentials().len(),
            quotas::OPERATIONS_OF_CLOUD => {
                let state = self.state();
                state.operations.running(quotas::FUNCTIONS_PACKAGE).count()
            }
            _ => 0,
        }
    }

    /// Whether one more of a cloud-wide kind fits its quota.
    pub(crate) fn check_quota(&self, quota: &str) -> Result<(), Status> {
        self.settings().quotas.check(quota, self.usage(quota))
    }
}
