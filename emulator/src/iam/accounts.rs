//! Service accounts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Iam, Permission, Resource, Subject};
use crate::error::Status;
use crate::ids::prefix;
use crate::store::{Kept, Records, StateError, Store};

/// How far a service account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountState {
    /// Its create operation runs.
    Creating,
    /// Usable.
    Active,
    /// Its delete operation runs.
    Deleting,
}

/// A service account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// `aje…`
    pub id: String,
    /// Its folder.
    pub folder_id: String,
    /// Unique in the cloud.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Key and value.
    pub labels: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How far it is.
    pub state: AccountState,
}

/// All service accounts by id.
#[derive(Debug, Default)]
pub(super) struct Accounts(Records<Account>);

impl Kept for Account {
    const KIND: &'static str = "account";
}

impl Accounts {
    pub(super) fn load(store: &Store) -> Result<Self, StateError> {
        Records::load(store).map(Self)
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }
}

impl Iam {
    /// A new account in state `Creating`.
    ///
    /// # Errors
    /// `ALREADY_EXISTS` when the name is taken anywhere in the cloud.
    pub fn create_account(
        &self,
        folder_id: &str,
        name: &str,
        description: &str,
        labels: BTreeMap<String, String>,
    ) -> Result<Account, Status> {
        let account = Account {
            id: self.0.ids.next(prefix::SERVICE_ACCOUNT),
            folder_id: folder_id.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            labels,
            created_at: self.0.clock.now(),
            state: AccountState::Creating,
        };
        let mut state = self.state();
        if state.accounts.0.values().any(|other| other.name == name) {
            return Err(Status::already_exists(format!(
                "Service account {name} already exists"
            )));
        }
        state.accounts.0.insert(account.id.clone(), account.clone());
        Ok(account)
    }

    /// An account that is ready at once, with roles on its folder: for the
    /// operator's key and for tests. Returns its id.
    ///
    /// # Errors
    /// `ALREADY_EXISTS` when the name is taken.
    pub fn add_account(
        &self,
        folder_id: &str,
        name: &str,
        roles: &[&str],
    ) -> Result<String, Status> {
        let account = self.create_account(folder_id, name, "", BTreeMap::new())?;
        self.change_account(&account.id, |account| account.state = AccountState::Active);
        for role in roles {
            self.grant(&Resource::folder(folder_id), role, &account.id);
        }
        Ok(account.id)
    }

    /// One account.
    #[must_use]
    pub fn account(&self, id: &str) -> Option<Account> {
        self.state().accounts.0.get(id).cloned()
    }

    /// All accounts, ordered by id.
    #[must_use]
    pub fn accounts(&self) -> Vec<Account> {
        self.state().accounts.0.values().cloned().collect()
    }

    /// Edits an account in place; `None` when there is none.
    pub fn change_account(&self, id: &str, edit: impl FnOnce(&mut Account)) -> Option<Account> {
        let mut state = self.state();
        let mut account = state.accounts.0.edit(id)?;
        edit(&mut account);
        Some(account.clone())
    }

    /// Removes an account with its keys, its federated credentials and the bindings on it; its tokens stop
    /// working. Bindings of it as a subject stay until someone removes them
    /// (a guess: the cloud doesn't document it).
    pub fn remove_account(&self, id: &str) {
        let mut state = self.state();
        let Some(account) = state.accounts.0.remove(id) else {
            return;
        };
        state.keys.remove_of(id);
        state.federations.remove_of_account(id);
        state
            .bindings
            .forget(&Resource::service_account(&account.folder_id, id));
    }

    /// Whether the subject may attach the account to a resource: the role
    /// `iam.serviceAccounts.user` or `editor` on it or on its folder.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown account, `PERMISSION_DENIED`.
    pub fn authorize_use(&self, subject: &Subject, account_id: &str) -> Result<(), Status> {
        let account = self
            .account(account_id)
            .ok_or_else(|| account_not_found(account_id))?;
        let resource = Resource::service_account(&account.folder_id, &account.id);
        self.authorize(subject, Permission::ServiceAccountsUse, &resource)
    }
}

/// The cloud's answer for an unknown account.
#[must_use]
pub fn account_not_found(id: &str) -> Status {
    Status::not_found(format!("Service account {id} not found"))
}
