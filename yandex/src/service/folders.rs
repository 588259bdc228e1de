//! Who may what in a folder.

use uuid::Uuid;

use super::access;
use crate::call::{Call, item};
use crate::client::Client;
use crate::endpoint::Service;
use crate::error::Error;
use crate::model::access::{AccessBinding, AccessBindingDelta};
use crate::model::operation::Operation;
use crate::model::quota::Folder;

const PATH: &str = "/resource-manager/v1/folders";

/// `/resource-manager/v1/folders`.
#[derive(Debug, Clone, Copy)]
pub struct Folders<'a>(&'a Client);

impl Client {
    /// Who may what in a folder.
    #[must_use]
    pub fn folders(&self) -> Folders<'_> {
        Folders(self)
    }
}

impl Folders<'_> {
    /// One, by id.
    pub async fn get(&self, id: &str) -> Result<Folder, Error> {
        let call = Call::get(Service::ResourceManager, item(PATH, id));
        self.0.call(&call).await
    }

    /// Who has which role on a folder.
    pub async fn access_bindings(&self, id: &str) -> Result<Vec<AccessBinding>, Error> {
        access::list(self.0, Service::ResourceManager, &item(PATH, id)).await
    }

    /// Gives and takes roles on a folder; the bindings of others stay.
    pub async fn update_access_bindings(
        &self,
        id: &str,
        deltas: &[AccessBindingDelta],
        key: Uuid,
    ) -> Result<Operation, Error> {
        let folder = item(PATH, id);
        access::update(self.0, Service::ResourceManager, &folder, deltas, key).await
    }
}
