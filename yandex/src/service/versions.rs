//! Function versions and tags.

use uuid::Uuid;

use super::paging::{all, page};
use crate::call::{Call, item};
use crate::client::Client;
use crate::endpoint::Service;
use crate::error::Error;
use crate::model::operation::Operation;
use crate::model::version::{CreateVersionRequest, ListVersionsResponse, TagRequest, Version};

const PATH: &str = "/functions/v1/versions";

page!(ListVersionsResponse, versions, Version);

/// `/functions/v1/versions`.
#[derive(Debug, Clone, Copy)]
pub struct Versions<'a>(&'a Client);

impl Client {
    /// Function versions and tags.
    #[must_use]
    pub fn versions(&self) -> Versions<'_> {
        Versions(self)
    }
}

impl Versions<'_> {
    /// One, by id.
    pub async fn get(&self, id: &str) -> Result<Version, Error> {
        let call = Call::get(Service::Functions, item(PATH, id));
        self.0.call(&call).await
    }

    /// The one that a tag points to; `NOT_FOUND` when a function has none.
    pub async fn by_tag(&self, function_id: &str, tag: &str) -> Result<Version, Error> {
        let call = Call::get(Service::Functions, format!("{PATH}:byTag"))
            .query("functionId", function_id)
            .query("tag", tag);
        self.0.call(&call).await
    }

    /// All of a function, newest first.
    pub async fn list(&self, function_id: &str) -> Result<Vec<Version>, Error> {
        let call = Call::get(Service::Functions, PATH).query("functionId", function_id);
        all::<ListVersionsResponse>(self.0, call).await
    }

    /// Makes one, which becomes `$latest`. A failed build shows in the operation
    /// only.
    pub async fn create(
        &self,
        request: &CreateVersionRequest,
        key: Uuid,
    ) -> Result<Operation, Error> {
        let call = Call::post(Service::Functions, PATH, request);
        self.0.call(&call.key(key)).await
    }

    /// Removes one that no tag but those that `force` drops points to.
    pub async fn delete(&self, id: &str, force: bool, key: Uuid) -> Result<Operation, Error> {
        let call = Call::delete(Service::Functions, item(PATH, id));
        let call = if force {
            call.query("force", "true")
        } else {
            call
        };
        self.0.call(&call.key(key)).await
    }

    /// Moves a tag here.
    pub async fn set_tag(&self, id: &str, tag: &str, key: Uuid) -> Result<Operation, Error> {
        self.tag(id, "setTag", tag, key).await
    }

    /// Takes a tag away.
    pub async fn remove_tag(&self, id: &str, tag: &str, key: Uuid) -> Result<Operation, Error> {
        self.tag(id, "removeTag", tag, key).await
    }

    async fn tag(&self, id: &str, verb: &str, tag: &str, key: Uuid) -> Result<Operation, Error> {
        let request = TagRequest {
            tag: tag.to_owned(),
        };
        let call = Call::post(
            Service::Functions,
            format!("{}:{verb}", item(PATH, id)),
            &request,
        );
        self.0.call(&call.key(key)).await
    }
}
