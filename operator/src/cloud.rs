//! The calls to the cloud that the operator makes.

mod error;

use serde_json::Value;
use uuid::Uuid;
use yandex_cloud_rest::model::access::{AccessBinding, AccessBindingDelta};
use yandex_cloud_rest::model::apigateway::{
    ApiGateway, CreateApiGatewayRequest, UpdateApiGatewayRequest,
};
use yandex_cloud_rest::model::database::{CreateDatabaseRequest, Database, UpdateDatabaseRequest};
use yandex_cloud_rest::model::function::{
    CreateFunctionRequest, Function, SetScalingPolicyRequest, UpdateFunctionRequest,
};
use yandex_cloud_rest::model::iam::{
    CreateServiceAccountRequest, ServiceAccount, UpdateServiceAccountRequest,
};
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::trigger::{CreateTriggerRequest, Trigger, UpdateTriggerRequest};
use yandex_cloud_rest::model::version::{CreateVersionRequest, Version};
use yandex_cloud_rest::{Client, Error, Service};

pub(crate) use error::{CloudError, CloudKind};

type Answer<T> = Result<T, CloudError>;

/// Yandex Cloud, as far as a chat needs it.
#[derive(Clone, Debug)]
pub(crate) struct Cloud {
    client: Client,
}

impl Cloud {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Whether everything is plain HTTP: a cloud on this machine.
    pub(crate) fn is_plaintext(&self) -> bool {
        self.client.api_endpoint().is_plaintext()
    }

    /// A token of the operator's account, also good for YDB.
    pub(crate) async fn token(&self) -> Answer<String> {
        let token = self.client.tokens().get().await.map_err(Error::Auth)?;
        Ok(token.value)
    }

    /// Where the handler reaches open connections.
    pub(crate) async fn connections_endpoint(&self) -> Answer<String> {
        Ok(self.client.base_url(Service::Connections).await?)
    }

    /// Calls a function directly: an event in, its result out.
    pub(crate) async fn invoke(&self, url: &str, tag: &str, event: &Value) -> Answer<Value> {
        Ok(self.client.functions().invoke(url, tag, event).await?)
    }

    pub(crate) async fn operation(&self, id: &str) -> Answer<Operation> {
        Ok(self.client.operations().get(id).await?)
    }

    pub(crate) async fn account(&self, id: &str) -> Answer<ServiceAccount> {
        Ok(self.client.service_accounts().get(id).await?)
    }

    pub(crate) async fn accounts(&self, folder: &str) -> Answer<Vec<ServiceAccount>> {
        Ok(self.client.service_accounts().list(folder, None).await?)
    }

    pub(crate) async fn accounts_named(
        &self,
        folder: &str,
        name: &str,
    ) -> Answer<Vec<ServiceAccount>> {
        Ok(self
            .client
            .service_accounts()
            .list(folder, Some(name))
            .await?)
    }

    pub(crate) async fn create_account(
        &self,
        request: &CreateServiceAccountRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        Ok(self.client.service_accounts().create(request, key).await?)
    }

    pub(crate) async fn update_account(
        &self,
        id: &str,
        request: &UpdateServiceAccountRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        Ok(self
            .client
            .service_accounts()
            .update(id, request, key)
            .await?)
    }

    pub(crate) async fn delete_account(&self, id: &str, key: Uuid) -> Answer<Operation> {
        Ok(self.client.service_accounts().delete(id, key).await?)
    }

    pub(crate) async fn folder_bindings(&self, folder: &str) -> Answer<Vec<AccessBinding>> {
        Ok(self.client.folders().access_bindings(folder).await?)
    }

    pub(crate) async fn update_folder_bindings(
        &self,
        folder: &str,
        deltas: &[AccessBindingDelta],
        key: Uuid,
    ) -> Answer<Operation> {
        Ok(self
            .client
            .folders()
            .update_access_bindings(folder, deltas, key)
            .await?)
    }

    pub(crate) async fn database(&self, id: &str) -> Answer<Database> {
        Ok(self.client.databases().get(id).await?)
    }

    pub(crate) async fn databases(&self, folder: &str) -> Answer<Vec<Database>> {
        Ok(self.client.databases().list(folder).await?)
    }

    pub(crate) async fn create_database(
        &self,
        request: &CreateDatabaseRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        Ok(self.client.databases().create(request, key).await?)
    }

    pub(crate) async fn update_database(
        &self,
        id: &str,
        request: &UpdateDatabaseRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        Ok(self.client.databases().update(id, request, key).await?)
    }

    pub(crate) async fn delete_database(&self, id: &str, key: Uuid) -> Answer<Operation> {
        Ok(self.client.databases().delete(id, key).await?)
    }

    pub(crate) async fn function(&self, id: &str) -> Answer<Function> {
        Ok(self.client.functions().get(id).await?)
    }

    pub(crate) async fn functions(&self, folder: &str) -> Answer<Vec<Function>> {
        Ok(self.client.functions().list(folder, None).await?)
    }

    pub(crate) async fn functions_named(&self, folder: &str, name: &str) -> Answer<Vec<Function>> {
        Ok(self.client.functions().list(folder, Some(name)).await?)
    }

    pub(crate) async fn create_function(
        &self,
        request: &CreateFunctionRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        Ok(self.client.functions().create(request, key).await?)
    }

    pub(crate) async fn update_function(
        &self,
        id: &str,
        request: &UpdateFunctionRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        Ok(self.client.functions().update(id, request, key).await?)
    }

    pub(crate) async fn delete_function(&self, id: &str, key: Uuid) -> Answer<Operation> {
        Ok(self.client.functions().delete(id, key).await?)
    }

    pub(crate) async fn function_bindings(&self, id: &str) -> Answer<Vec<AccessBinding>> {
        Ok(self.client.functions().access_bindings(id).await?)
    }

    pub(crate) async fn update_function_bindings(
        &self,
        id: &str,
        deltas: &[AccessBindingDelta],
        key: Uuid,
    ) -> Answer<Operation> {
        Ok(self
            .client
            .functions()
            .update_access_bindings(id, deltas, key)
            .await?)
    }

    /// How many instances of a tag are kept warm.
    pub(crate) async fn warm_instances(&self, function: &str, tag: &str) -> Answer<i64> {
        let policies = self.client.functions().scaling_policies(function).await?;
        let policy = policies.into_iter().find(|policy| policy.tag == tag);
        Ok(policy.map_or(0, |policy| policy.provisioned_instances_count))
    }

    pub(crate) async fn set_scaling_policy(
        &self,
        function: &str,
        request: &SetScalingPolicyRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        Ok(self
            .client
            .functions()
            .set_scaling_policy(function, request, key)
            .await?)
    }

    pub(crate) async fn versions(&self, function: &str) -> Answer<Vec<Version>> {
        Ok(self.client.versions().list(function).await?)
    }

    /// The id of the version that carries a tag.
    pub(crate) async fn tagged(&self, function: &str, tag: &str) -> Answer<Option<String>> {
        match self.client.versions().by_tag(function, tag).await {
            Ok(version) => Ok(Some(version.id)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn create_version(
        &self,
        request: &CreateVersionRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        Ok(self.client.versions().create(request, key).await?)
    }

    pub(crate) async fn delete_version(&self, id: &str, key: Uuid) -> Answer<Operation> {
        Ok(self.client.versions().delete(id, false, key).await?)
    }

    pub(crate) async fn set_tag(&self, version: &str, tag: &str, key: Uuid) -> Answer<Operation> {
        Ok(self.client.versions().set_tag(version, tag, key).await?)
    }

    pub(crate) async fn gateway(&self, id: &str) -> Answer<ApiGateway> {
        Ok(self.client.api_gateways().get(id).await?)
    }

    /// The specification that lists leave out, as it was submitted.
    pub(crate) async fn gateway_specification(&self, id: &str) -> Answer<String> {
        Ok(self.client.api_gateways().spec(id).await?.openapi_spec)
    }

    pub(crate) async fn gateways(&self, folder: &str) -> Answer<Vec<ApiGateway>> {
        Ok(self.client.api_gateways().list(folder, None).await?)
    }

    pub(crate) async fn gateways_named(&self, folder: &str, name: &str) -> Answer<Vec<ApiGateway>> {
        Ok(self.client.api_gateways().list(folder, Some(name)).await?)
    }

    pub(crate) async fn create_gateway(
        &self,
        request: &CreateApiGatewayRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        Ok(self.client.api_gateways().create(request, key).await?)
    }

    pub(crate) async fn update_gateway(
        &self,
        id: &str,
        request: &UpdateApiGatewayRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        Ok(self.client.api_gateways().update(id, request, key).await?)
    }

    pub(crate) async fn delete_gateway(&self, id: &str, key: Uuid) -> Answer<Operation> {
        Ok(self.client.api_gateways().delete(id, key).await?)
    }

    pub(crate) async fn trigger(&self, id: &str) -> Answer<Trigger> {
        Ok(self.client.triggers().get(id).await?)
    }

    pub(crate) async fn triggers(&self, folder: &str) -> Answer<Vec<Trigger>> {
        Ok(self.client.triggers().list(folder, None).await?)
    }

    pub(crate) async fn triggers_named(&self, folder: &str, name: &str) -> Answer<Vec<Trigger>> {
        Ok(self.client.triggers().list(folder, Some(name)).await?)
    }

    pub(crate) async fn create_trigger(
        &self,
        request: &CreateTriggerRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        Ok(self.client.triggers().create(request, key).await?)
    }

    pub(crate) async fn update_trigger(
        &self,
        id: &str,
        request: &UpdateTriggerRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        Ok(self.client.triggers().update(id, request, key).await?)
    }

    pub(crate) async fn resume_trigger(&self, id: &str, key: Uuid) -> Answer<Operation> {
        Ok(self.client.triggers().resume(id, key).await?)
    }

    pub(crate) async fn delete_trigger(&self, id: &str, key: Uuid) -> Answer<Operation> {
        Ok(self.client.triggers().delete(id, key).await?)
    }
}
