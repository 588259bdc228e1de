//! Service accounts.

use uuid::Uuid;

use super::access;
use super::paging::{all, by_name, page};
use crate::call::{Call, item};
use crate::client::Client;
use crate::endpoint::Service;
use crate::error::Error;
use crate::model::access::{AccessBinding, AccessBindingDelta};
use crate::model::iam::{
    CreateServiceAccountRequest, ListServiceAccountsResponse, ServiceAccount,
    UpdateServiceAccountRequest,
};
use crate::model::operation::Operation;

const PATH: &str = "/iam/v1/serviceAccounts";

page!(
    ListServiceAccountsResponse,
    service_accounts,
    ServiceAccount
);

/// `/iam/v1/serviceAccounts`.
#[derive(Debug, Clone, Copy)]
pub struct ServiceAccounts<'a>(pub(super) &'a Client);

impl Client {
    /// Service accounts.
    #[must_use]
    pub fn service_accounts(&self) -> ServiceAccounts<'_> {
        ServiceAccounts(self)
    }
}

impl ServiceAccounts<'_> {
    /// One, by id.
    pub async fn get(&self, id: &str) -> Result<ServiceAccount, Error> {
        self.0.call(&Call::get(Service::Iam, item(PATH, id))).await
    }

    /// All of a folder, or the one of a name.
    pub async fn list(
        &self,
        folder_id: &str,
        name: Option<&str>,
    ) -> Result<Vec<ServiceAccount>, Error> {
        let call = by_name(
            Call::get(Service::Iam, PATH).query("folderId", folder_id),
            name,
        );
        all::<ListServiceAccountsResponse>(self.0, call).await
    }

    /// Makes one; its id is in the operation's metadata at once.
    pub async fn create(
        &self,
        request: &CreateServiceAccountRequest,
        key: Uuid,
    ) -> Result<Operation, Error> {
        let call = Call::post(Service::Iam, PATH, request);
        self.0.call(&call.key(key)).await
    }

    /// Changes what the request's mask names; it must name something.
    pub async fn update(
        &self,
        id: &str,
        request: &UpdateServiceAccountRequest,
        key: Uuid,
    ) -> Result<Operation, Error> {
        let path = item(PATH, id);
        let mask = request.update_mask.as_ref();
        let call = Call::patch(Service::Iam, path, mask, request);
        self.0.call(&call.key(key)).await
    }

    /// Removes one.
    pub async fn delete(&self, id: &str, key: Uuid) -> Result<Operation, Error> {
        let call = Call::delete(Service::Iam, item(PATH, id));
        self.0.call(&call.key(key)).await
    }

    /// Who has which role on an account.
    pub async fn access_bindings(&self, id: &str) -> Result<Vec<AccessBinding>, Error> {
        access::list(self.0, Service::Iam, &item(PATH, id)).await
    }

    /// Gives and takes roles on an account; the bindings of others stay.
    pub async fn update_access_bindings(
        &self,
        id: &str,
        deltas: &[AccessBindingDelta],
        key: Uuid,
    ) -> Result<Operation, Error> {
        let account = item(PATH, id);
        access::update(self.0, Service::Iam, &account, deltas, key).await
    }
}
