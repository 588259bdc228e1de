//! Workload identity federations, and the credentials that link an outside
//! subject to a service account.

use yandex_cloud_rest::model::workload::{FederatedCredential, Federation};

use super::Iam;
use crate::error::Status;
use crate::store::{Kept, Records, StateError, Store};

/// All of both, by id.
#[derive(Debug, Default)]
pub(super) struct Federations {
    federations: Records<Federation>,
    credentials: Records<FederatedCredential>,
}

impl Kept for Federation {
    const KIND: &'static str = "federation";
}

impl Kept for FederatedCredential {
    const KIND: &'static str = "federated-credential";
}

impl Federations {
    pub(super) fn load(store: &Store) -> Result<Self, StateError> {
        Ok(Self {
            federations: Records::load(store)?,
            credentials: Records::load(store)?,
        })
    }

    pub(super) fn remove_of_account(&mut self, service_account_id: &str) {
        self.credentials
            .retain(|credential| credential.service_account_id != service_account_id);
    }
}

impl Iam {
    /// All federations, ordered by id.
    #[must_use]
    pub fn federations(&self) -> Vec<Federation> {
        let state = self.state();
        state.federations.federations.values().cloned().collect()
    }

    /// One federation.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub fn federation(&self, id: &str) -> Result<Federation, Status> {
        let found = self.state().federations.federations.get(id).cloned();
        found.ok_or_else(|| Status::not_found(format!("Federation {id} not found")))
    }

    /// Keeps a federation, new or changed.
    pub fn keep_federation(&self, federation: Federation) {
        let mut state = self.state();
        let id = federation.id.clone();
        state.federations.federations.insert(id, federation);
    }

    /// Removes a federation with its credentials (a guess: what becomes of them
    /// isn't documented).
    pub fn remove_federation(&self, id: &str) {
        let mut state = self.state();
        state.federations.federations.remove(id);
        state
            .federations
            .credentials
            .retain(|credential| credential.federation_id != id);
    }

    /// All federated credentials, ordered by id.
    #[must_use]
    pub fn federated_credentials(&self) -> Vec<FederatedCredential> {
        let state = self.state();
        state.federations.credentials.values().cloned().collect()
    }

    /// One federated credential.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub fn federated_credential(&self, id: &str) -> Result<FederatedCredential, Status> {
        let found = self.state().federations.credentials.get(id).cloned();
        found.ok_or_else(|| Status::not_found(format!("Federated credential {id} not found")))
    }

    /// Keeps a new federated credential.
    pub fn keep_federated_credential(&self, credential: FederatedCredential) {
        let mut state = self.state();
        let id = credential.id.clone();
        state.federations.credentials.insert(id, credential);
    }

    /// Removes a federated credential; tokens that it got live on.
    pub fn remove_federated_credential(&self, id: &str) {
        self.state().federations.credentials.remove(id);
    }
}
