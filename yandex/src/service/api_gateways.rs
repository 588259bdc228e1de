//! API gateways.

use uuid::Uuid;

use super::paging::{all, by_name, page};
use crate::call::{Call, item};
use crate::client::Client;
use crate::endpoint::Service;
use crate::error::Error;
use crate::model::apigateway::{
    ApiGateway, CreateApiGatewayRequest, ListApiGatewaysResponse, OpenapiSpec,
    UpdateApiGatewayRequest,
};
use crate::model::operation::Operation;

const PATH: &str = "/apigateways/v1/apigateways";

page!(ListApiGatewaysResponse, api_gateways, ApiGateway);

/// `/apigateways/v1/apigateways`.
#[derive(Debug, Clone, Copy)]
pub struct ApiGateways<'a>(pub(super) &'a Client);

impl Client {
    /// API gateways.
    #[must_use]
    pub fn api_gateways(&self) -> ApiGateways<'_> {
        ApiGateways(self)
    }
}

impl ApiGateways<'_> {
    /// One, by id.
    pub async fn get(&self, id: &str) -> Result<ApiGateway, Error> {
        self.0
            .call(&Call::get(Service::ApiGateway, item(PATH, id)))
            .await
    }

    /// All of a folder, or the one of a name.
    pub async fn list(
        &self,
        folder_id: &str,
        name: Option<&str>,
    ) -> Result<Vec<ApiGateway>, Error> {
        let call = by_name(
            Call::get(Service::ApiGateway, PATH).query("folderId", folder_id),
            name,
        );
        all::<ListApiGatewaysResponse>(self.0, call).await
    }

    /// Makes one; its id is in the operation's metadata at once.
    pub async fn create(
        &self,
        request: &CreateApiGatewayRequest,
        key: Uuid,
    ) -> Result<Operation, Error> {
        let call = Call::post(Service::ApiGateway, PATH, request);
        self.0.call(&call.key(key)).await
    }

    /// Changes what the request's mask names; it must name something.
    pub async fn update(
        &self,
        id: &str,
        request: &UpdateApiGatewayRequest,
        key: Uuid,
    ) -> Result<Operation, Error> {
        let path = item(PATH, id);
        let mask = request.update_mask.as_ref();
        let call = Call::patch(Service::ApiGateway, path, mask, request);
        self.0.call(&call.key(key)).await
    }

    /// Removes one.
    pub async fn delete(&self, id: &str, key: Uuid) -> Result<Operation, Error> {
        let call = Call::delete(Service::ApiGateway, item(PATH, id));
        self.0.call(&call.key(key)).await
    }

    /// The specification, as it was submitted.
    pub async fn spec(&self, id: &str) -> Result<OpenapiSpec, Error> {
        let call = Call::get(Service::ApiGateway, format!("{}:spec", item(PATH, id)));
        self.0.call(&call).await
    }
}
