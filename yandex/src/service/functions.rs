//! Functions.

use uuid::Uuid;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::access;
use super::paging::{all, by_name, page};
use crate::call::{Call, item};
use crate::client::Client;
use crate::endpoint::Service;
use crate::error::Error;
use crate::model::access::{AccessBinding, AccessBindingDelta};
use crate::model::function::{
    CreateFunctionRequest, Function, ListFunctionsResponse, ListScalingPoliciesResponse,
    RemoveScalingPolicyRequest, ScalingPolicy, SetScalingPolicyRequest, UpdateFunctionRequest,
};
use crate::model::operation::Operation;

const PATH: &str = "/functions/v1/functions";

page!(ListFunctionsResponse, functions, Function);
page!(ListScalingPoliciesResponse, scaling_policies, ScalingPolicy);

/// `/functions/v1/functions`.
#[derive(Debug, Clone, Copy)]
pub struct Functions<'a>(pub(super) &'a Client);

impl Client {
    /// Functions.
    #[must_use]
    pub fn functions(&self) -> Functions<'_> {
        Functions(self)
    }
}

impl Functions<'_> {
    /// One, by id.
    pub async fn get(&self, id: &str) -> Result<Function, Error> {
        self.0
            .call(&Call::get(Service::Functions, item(PATH, id)))
            .await
    }

    /// All of a folder, or the one of a name.
    pub async fn list(&self, folder_id: &str, name: Option<&str>) -> Result<Vec<Function>, Error> {
        let call = by_name(
            Call::get(Service::Functions, PATH).query("folderId", folder_id),
            name,
        );
        all::<ListFunctionsResponse>(self.0, call).await
    }

    /// Makes one; its id is in the operation's metadata at once.
    pub async fn create(
        &self,
        request: &CreateFunctionRequest,
        key: Uuid,
    ) -> Result<Operation, Error> {
        let call = Call::post(Service::Functions, PATH, request);
        self.0.call(&call.key(key)).await
    }

    /// Changes what the request's mask names; it must name something.
    pub async fn update(
        &self,
        id: &str,
        request: &UpdateFunctionRequest,
        key: Uuid,
    ) -> Result<Operation, Error> {
        let path = item(PATH, id);
        let mask = request.update_mask.as_ref();
        let call = Call::patch(Service::Functions, path, mask, request);
        self.0.call(&call.key(key)).await
    }

    /// Removes one.
    pub async fn delete(&self, id: &str, key: Uuid) -> Result<Operation, Error> {
        let call = Call::delete(Service::Functions, item(PATH, id));
        self.0.call(&call.key(key)).await
    }

    /// Who has which role on a function.
    pub async fn access_bindings(&self, id: &str) -> Result<Vec<AccessBinding>, Error> {
        access::list(self.0, Service::Functions, &item(PATH, id)).await
    }

    /// Gives and takes roles on a function.
    pub async fn update_access_bindings(
        &self,
        id: &str,
        deltas: &[AccessBindingDelta],
        key: Uuid,
    ) -> Result<Operation, Error> {
        access::update(self.0, Service::Functions, &item(PATH, id), deltas, key).await
    }

    /// How many instances its tags may have.
    pub async fn scaling_policies(&self, id: &str) -> Result<Vec<ScalingPolicy>, Error> {
        let call = Call::get(
            Service::Functions,
            format!("{}/scalingPolicies", item(PATH, id)),
        );
        all::<ListScalingPoliciesResponse>(self.0, call).await
    }

    /// Sets how many instances a tag may have.
    pub async fn set_scaling_policy(
        &self,
        id: &str,
        request: &SetScalingPolicyRequest,
        key: Uuid,
    ) -> Result<Operation, Error> {
        let path = format!("{}:setScalingPolicy", item(PATH, id));
        self.0
            .call(&Call::post(Service::Functions, path, request).key(key))
            .await
    }

    /// Takes a tag's limits away.
    pub async fn remove_scaling_policy(
        &self,
        id: &str,
        tag: &str,
        key: Uuid,
    ) -> Result<Operation, Error> {
        let path = format!("{}:removeScalingPolicy", item(PATH, id));
        let request = RemoveScalingPolicyRequest {
            tag: tag.to_owned(),
        };
        self.0
            .call(&Call::post(Service::Functions, path, &request).key(key))
            .await
    }

    /// Calls the version of a tag through the function's own URL: `event` in,
    /// what the handler returns out, without any HTTP wrapping. Not repeated.
    pub async fn invoke<Reply: DeserializeOwned>(
        &self,
        http_invoke_url: &str,
        tag: &str,
        event: &impl Serialize,
    ) -> Result<Reply, Error> {
        let query = [("integration", "raw"), ("tag", tag)];
        self.0.call_url(http_invoke_url, &query, event).await
    }
}
