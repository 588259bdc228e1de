//! The calls to the cloud that the operator makes.

mod error;
mod functions;

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;
use yandex_cloud_rest::auth::AuthorizedKey;
use yandex_cloud_rest::model::access::{AccessBinding, AccessBindingDelta};
use yandex_cloud_rest::model::apigateway::{
    ApiGateway, CreateApiGatewayRequest, UpdateApiGatewayRequest,
};
use yandex_cloud_rest::model::database::{CreateDatabaseRequest, Database, UpdateDatabaseRequest};
use yandex_cloud_rest::model::iam::{
    CreateServiceAccountRequest, ServiceAccount, UpdateServiceAccountRequest,
};
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::quota::QuotaLimit;
use yandex_cloud_rest::model::trigger::{CreateTriggerRequest, Trigger, UpdateTriggerRequest};
use yandex_cloud_rest::{Client, Error, Service};

pub(crate) use error::{CloudError, CloudKind};

use crate::calls::Calls;

type Answer<T> = Result<T, CloudError>;

/// Yandex Cloud, as far as a chat needs it.
#[derive(Clone, Debug)]
pub(crate) struct Cloud {
    client: Client,
    calls: Calls,
    /// The Secret with the key, when a chat brought it.
    secret: Option<Arc<str>>,
}

impl Cloud {
    pub(crate) fn new(client: Client) -> Self {
        let calls = Calls::default();
        let waits = calls.waits.clone();
        Self {
            client: client.telling_waits(move |wait| waits.observe(wait.as_secs_f64())),
            calls,
            secret: None,
        }
    }

    /// The same cloud with the key that a chat brought in this Secret.
    pub(crate) fn signed_in_with(&self, key: AuthorizedKey, secret: &str) -> Self {
        Self {
            client: self.client.signed_in_with(key),
            calls: self.calls.clone(),
            secret: Some(secret.into()),
        }
    }

    /// What was called so far.
    pub(crate) fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Counts a call that was answered, or wasn't.
    fn count<T>(
        &self,
        service: &'static str,
        method: &'static str,
        ended: Result<T, Error>,
    ) -> Answer<T> {
        self.calls.count(service, method, &ended);
        ended.map_err(|error| self.told(error))
    }

    /// With whom to speak about it.
    fn told(&self, error: Error) -> CloudError {
        CloudError::from(error).with(self.secret.as_deref())
    }

    /// Whether everything is plain HTTP: a cloud on this machine.
    pub(crate) fn is_plaintext(&self) -> bool {
        self.client.api_endpoint().is_plaintext()
    }

    /// A token of the operator's account, also good for YDB.
    pub(crate) async fn token(&self) -> Answer<String> {
        let token = self.client.tokens().get().await;
        let token = token.map_err(|error| self.told(Error::Auth(error)))?;
        Ok(token.value)
    }

    /// Where the handler reaches open connections.
    pub(crate) async fn connections_endpoint(&self) -> Answer<String> {
        let url = self.client.base_url(Service::Connections).await;
        url.map_err(|error| self.told(error))
    }

    /// Calls a function directly: an event in, its result out.
    pub(crate) async fn invoke(&self, url: &str, tag: &str, event: &Value) -> Answer<Value> {
        self.count(
            "functions",
            "invoke",
            self.client.functions().invoke(url, tag, event).await,
        )
    }

    pub(crate) async fn operation(&self, id: &str) -> Answer<Operation> {
        self.count("operations", "get", self.client.operations().get(id).await)
    }

    pub(crate) async fn account(&self, id: &str) -> Answer<ServiceAccount> {
        self.count(
            "service_accounts",
            "get",
            self.client.service_accounts().get(id).await,
        )
    }

    pub(crate) async fn accounts(&self, folder: &str) -> Answer<Vec<ServiceAccount>> {
        self.count(
            "service_accounts",
            "list",
            self.client.service_accounts().list(folder, None).await,
        )
    }

    pub(crate) async fn accounts_named(
        &self,
        folder: &str,
        name: &str,
    ) -> Answer<Vec<ServiceAccount>> {
        self.count(
            "service_accounts",
            "list",
            self.client
                .service_accounts()
                .list(folder, Some(name))
                .await,
        )
    }

    pub(crate) async fn create_account(
        &self,
        request: &CreateServiceAccountRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        self.count(
            "service_accounts",
            "create",
            self.client.service_accounts().create(request, key).await,
        )
    }

    pub(crate) async fn update_account(
        &self,
        id: &str,
        request: &UpdateServiceAccountRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        self.count(
            "service_accounts",
            "update",
            self.client
                .service_accounts()
                .update(id, request, key)
                .await,
        )
    }

    pub(crate) async fn delete_account(&self, id: &str, key: Uuid) -> Answer<Operation> {
        self.count(
            "service_accounts",
            "delete",
            self.client.service_accounts().delete(id, key).await,
        )
    }

    /// The cloud that a folder is in.
    pub(crate) async fn cloud_of(&self, folder: &str) -> Answer<String> {
        let folder = self.client.folders().get(folder).await;
        Ok(self.count("folders", "get", folder)?.cloud_id)
    }

    /// How much of something a cloud may have, and has.
    pub(crate) async fn quota(&self, quota: &str, cloud: &str) -> Answer<QuotaLimit> {
        let limit = self.client.quota_limits().get(quota, cloud).await;
        self.count("quota_limits", "get", limit)
    }

    pub(crate) async fn folder_bindings(&self, folder: &str) -> Answer<Vec<AccessBinding>> {
        self.count(
            "folders",
            "access_bindings",
            self.client.folders().access_bindings(folder).await,
        )
    }

    pub(crate) async fn update_folder_bindings(
        &self,
        folder: &str,
        deltas: &[AccessBindingDelta],
        key: Uuid,
    ) -> Answer<Operation> {
        self.count(
            "folders",
            "update_access_bindings",
            self.client
                .folders()
                .update_access_bindings(folder, deltas, key)
                .await,
        )
    }

    pub(crate) async fn database(&self, id: &str) -> Answer<Database> {
        self.count("databases", "get", self.client.databases().get(id).await)
    }

    pub(crate) async fn databases(&self, folder: &str) -> Answer<Vec<Database>> {
        self.count(
            "databases",
            "list",
            self.client.databases().list(folder).await,
        )
    }

    pub(crate) async fn create_database(
        &self,
        request: &CreateDatabaseRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        self.count(
            "databases",
            "create",
            self.client.databases().create(request, key).await,
        )
    }

    pub(crate) async fn update_database(
        &self,
        id: &str,
        request: &UpdateDatabaseRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        self.count(
            "databases",
            "update",
            self.client.databases().update(id, request, key).await,
        )
    }

    pub(crate) async fn delete_database(&self, id: &str, key: Uuid) -> Answer<Operation> {
        self.count(
            "databases",
            "delete",
            self.client.databases().delete(id, key).await,
        )
    }

    pub(crate) async fn gateway(&self, id: &str) -> Answer<ApiGateway> {
        self.count(
            "api_gateways",
            "get",
            self.client.api_gateways().get(id).await,
        )
    }

    /// The specification that lists leave out, as it was submitted.
    pub(crate) async fn gateway_specification(&self, id: &str) -> Answer<String> {
        let specification = self.client.api_gateways().spec(id).await;
        Ok(self
            .count("api_gateways", "spec", specification)?
            .openapi_spec)
    }

    pub(crate) async fn gateways(&self, folder: &str) -> Answer<Vec<ApiGateway>> {
        self.count(
            "api_gateways",
            "list",
            self.client.api_gateways().list(folder, None).await,
        )
    }

    pub(crate) async fn gateways_named(&self, folder: &str, name: &str) -> Answer<Vec<ApiGateway>> {
        self.count(
            "api_gateways",
            "list",
            self.client.api_gateways().list(folder, Some(name)).await,
        )
    }

    pub(crate) async fn create_gateway(
        &self,
        request: &CreateApiGatewayRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        self.count(
            "api_gateways",
            "create",
            self.client.api_gateways().create(request, key).await,
        )
    }

    pub(crate) async fn update_gateway(
        &self,
        id: &str,
        request: &UpdateApiGatewayRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        self.count(
            "api_gateways",
            "update",
            self.client.api_gateways().update(id, request, key).await,
        )
    }

    pub(crate) async fn delete_gateway(&self, id: &str, key: Uuid) -> Answer<Operation> {
        self.count(
            "api_gateways",
            "delete",
            self.client.api_gateways().delete(id, key).await,
        )
    }

    pub(crate) async fn trigger(&self, id: &str) -> Answer<Trigger> {
        self.count("triggers", "get", self.client.triggers().get(id).await)
    }

    pub(crate) async fn triggers(&self, folder: &str) -> Answer<Vec<Trigger>> {
        self.count(
            "triggers",
            "list",
            self.client.triggers().list(folder, None).await,
        )
    }

    pub(crate) async fn triggers_named(&self, folder: &str, name: &str) -> Answer<Vec<Trigger>> {
        self.count(
            "triggers",
            "list",
            self.client.triggers().list(folder, Some(name)).await,
        )
    }

    pub(crate) async fn create_trigger(
        &self,
        request: &CreateTriggerRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        self.count(
            "triggers",
            "create",
            self.client.triggers().create(request, key).await,
        )
    }

    pub(crate) async fn update_trigger(
        &self,
        id: &str,
        request: &UpdateTriggerRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        self.count(
            "triggers",
            "update",
            self.client.triggers().update(id, request, key).await,
        )
    }

    pub(crate) async fn resume_trigger(&self, id: &str, key: Uuid) -> Answer<Operation> {
        self.count(
            "triggers",
            "resume",
            self.client.triggers().resume(id, key).await,
        )
    }

    pub(crate) async fn delete_trigger(&self, id: &str, key: Uuid) -> Answer<Operation> {
        self.count(
            "triggers",
            "delete",
            self.client.triggers().delete(id, key).await,
        )
    }
}
