//! YDB databases.

use uuid::Uuid;

use super::paging::{all, page};
use crate::call::{Call, item};
use crate::client::Client;
use crate::endpoint::Service;
use crate::error::Error;
use crate::model::database::{
    CreateDatabaseRequest, Database, ListDatabasesResponse, UpdateDatabaseRequest,
};
use crate::model::operation::Operation;

const PATH: &str = "/ydb/v1/databases";

page!(ListDatabasesResponse, databases, Database);

/// `/ydb/v1/databases`.
#[derive(Debug, Clone, Copy)]
pub struct Databases<'a>(pub(super) &'a Client);

impl Client {
    /// YDB databases.
    #[must_use]
    pub fn databases(&self) -> Databases<'_> {
        Databases(self)
    }
}

impl Databases<'_> {
    /// One, by id.
    pub async fn get(&self, id: &str) -> Result<Database, Error> {
        self.0.call(&Call::get(Service::Ydb, item(PATH, id))).await
    }

    /// All of a folder; this list has no filter.
    pub async fn list(&self, folder_id: &str) -> Result<Vec<Database>, Error> {
        let call = Call::get(Service::Ydb, PATH).query("folderId", folder_id);
        all::<ListDatabasesResponse>(self.0, call).await
    }

    /// Makes one; its id is in the operation's metadata at once.
    pub async fn create(
        &self,
        request: &CreateDatabaseRequest,
        key: Uuid,
    ) -> Result<Operation, Error> {
        let call = Call::post(Service::Ydb, PATH, request);
        self.0.call(&call.key(key)).await
    }

    /// Changes what the request's mask names; it must name something.
    pub async fn update(
        &self,
        id: &str,
        request: &UpdateDatabaseRequest,
        key: Uuid,
    ) -> Result<Operation, Error> {
        let path = item(PATH, id);
        let mask = request.update_mask.as_ref();
        let call = Call::patch(Service::Ydb, path, mask, request);
        self.0.call(&call.key(key)).await
    }

    /// Removes one.
    pub async fn delete(&self, id: &str, key: Uuid) -> Result<Operation, Error> {
        let call = Call::delete(Service::Ydb, item(PATH, id));
        self.0.call(&call.key(key)).await
    }
}
