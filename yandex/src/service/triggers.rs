//! Triggers.

use uuid::Uuid;

use super::paging::{all, by_name, page};
use crate::call::{Call, item};
use crate::client::Client;
use crate::endpoint::Service;
use crate::error::Error;
use crate::model::operation::Operation;
use crate::model::trigger::{
    CreateTriggerRequest, ListTriggersResponse, Trigger, UpdateTriggerRequest,
};

const PATH: &str = "/triggers/v1/triggers";

page!(ListTriggersResponse, triggers, Trigger);

/// `/triggers/v1/triggers`.
#[derive(Debug, Clone, Copy)]
pub struct Triggers<'a>(pub(super) &'a Client);

impl Client {
    /// Triggers.
    #[must_use]
    pub fn triggers(&self) -> Triggers<'_> {
        Triggers(self)
    }
}

impl Triggers<'_> {
    /// One, by id.
    pub async fn get(&self, id: &str) -> Result<Trigger, Error> {
        self.0
            .call(&Call::get(Service::Triggers, item(PATH, id)))
            .await
    }

    /// All of a folder, or the one of a name.
    pub async fn list(&self, folder_id: &str, name: Option<&str>) -> Result<Vec<Trigger>, Error> {
        let call = by_name(
            Call::get(Service::Triggers, PATH).query("folderId", folder_id),
            name,
        );
        all::<ListTriggersResponse>(self.0, call).await
    }

    /// Makes one; its id is in the operation's metadata at once.
    pub async fn create(
        &self,
        request: &CreateTriggerRequest,
        key: Uuid,
    ) -> Result<Operation, Error> {
        let call = Call::post(Service::Triggers, PATH, request);
        self.0.call(&call.key(key)).await
    }

    /// Changes what the request's mask names; it must name something.
    pub async fn update(
        &self,
        id: &str,
        request: &UpdateTriggerRequest,
        key: Uuid,
    ) -> Result<Operation, Error> {
        let path = item(PATH, id);
        let mask = request.update_mask.as_ref();
        let call = Call::patch(Service::Triggers, path, mask, request);
        self.0.call(&call.key(key)).await
    }

    /// Removes one.
    pub async fn delete(&self, id: &str, key: Uuid) -> Result<Operation, Error> {
        let call = Call::delete(Service::Triggers, item(PATH, id));
        self.0.call(&call.key(key)).await
    }

    /// Stops delivery until [`Triggers::resume`].
    pub async fn pause(&self, id: &str, key: Uuid) -> Result<Operation, Error> {
        self.turn(id, "pause", key).await
    }

    /// Goes on after [`Triggers::pause`].
    pub async fn resume(&self, id: &str, key: Uuid) -> Result<Operation, Error> {
        self.turn(id, "resume", key).await
    }

    async fn turn(&self, id: &str, verb: &str, key: Uuid) -> Result<Operation, Error> {
        let nothing = serde_json::json!({});
        let call = Call::post(
            Service::Triggers,
            format!("{}:{verb}", item(PATH, id)),
            &nothing,
        );
        self.0.call(&call.key(key)).await
    }
}
