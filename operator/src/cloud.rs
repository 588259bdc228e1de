//! The calls to the cloud that the operator makes, and the only place that
//! decides what the cloud's errors mean.

use std::fmt;

use serde_json::Value;
use uuid::Uuid;
use wschat_crds::Reason;
use yandex_cloud_rest::auth::AuthError;
use yandex_cloud_rest::model::access::{AccessBinding, AccessBindingDelta};
use yandex_cloud_rest::model::apigateway::{ApiGateway, CreateApiGatewayRequest};
use yandex_cloud_rest::model::database::{CreateDatabaseRequest, Database, UpdateDatabaseRequest};
use yandex_cloud_rest::model::error::Status;
use yandex_cloud_rest::model::function::{
    CreateFunctionRequest, Function, SetScalingPolicyRequest,
};
use yandex_cloud_rest::model::iam::{CreateServiceAccountRequest, ServiceAccount};
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::trigger::{CreateTriggerRequest, Trigger};
use yandex_cloud_rest::model::version::{CreateVersionRequest, Version};
use yandex_cloud_rest::{ApiError, Client, Code, Error, Service};

use crate::error::{Class, root_cause};

type Answer<T> = Result<T, CloudError>;

/// What an error of the cloud means for a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloudKind {
    NotFound,
    AlreadyExists,
    /// A role is missing, or a grant hasn't spread yet.
    Denied,
    /// The operator's credentials are refused.
    Credentials,
    Quota,
    /// The request will never do.
    Invalid,
    /// Not now: what it depends on isn't as it should be.
    Precondition,
    /// No answer, or a request for patience.
    Unavailable,
}

impl CloudKind {
    pub(crate) fn class(self) -> Class {
        match self {
            Self::Unavailable | Self::Precondition => Class::Transient,
            Self::NotFound
            | Self::AlreadyExists
            | Self::Denied
            | Self::Credentials
            | Self::Quota => Class::Waiting,
            Self::Invalid => Class::Terminal,
        }
    }

    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::NotFound => Reason::NotFound,
            Self::AlreadyExists => Reason::Conflict,
            Self::Denied => Reason::PermissionDenied,
            Self::Credentials => Reason::InvalidCredentials,
            Self::Quota => Reason::QuotaExceeded,
            Self::Invalid => Reason::Invalid,
            Self::Precondition | Self::Unavailable => Reason::CloudUnavailable,
        }
    }

    /// What to do about it.
    fn advice(self) -> &'static str {
        match self {
            Self::NotFound => "check that the folder exists (spec.folderId, --folder-id)",
            Self::AlreadyExists => {
                "something of that name exists outside the folder or is just being made; if it \
                 stays, delete the WsChat and make it anew with spec.names"
            }
            Self::Denied => {
                "give the operator's service account the missing role (docs/permissions.md); a \
                 new grant needs up to 5 minutes"
            }
            Self::Credentials => {
                "give the operator a new authorized key, or whatever else it signs in with"
            }
            Self::Quota => {
                "ask the cloud for more, or delete what isn't needed; the operator goes on by \
                 itself"
            }
            Self::Invalid => "change the spec",
            Self::Precondition | Self::Unavailable => "the operator tries again by itself",
        }
    }

    fn of(error: &ApiError) -> Self {
        match error.code {
            Code::NotFound => Self::NotFound,
            Code::AlreadyExists => Self::AlreadyExists,
            Code::PermissionDenied => Self::Denied,
            Code::Unauthenticated => Self::Credentials,
            // The same code asks for patience; only a quota names itself.
            Code::ResourceExhausted if is_quota(error) => Self::Quota,
            Code::InvalidArgument | Code::OutOfRange | Code::Unimplemented => Self::Invalid,
            Code::FailedPrecondition => Self::Precondition,
            Code::ResourceExhausted
            | Code::Cancelled
            | Code::Unknown
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss => Self::Unavailable,
        }
    }
}

fn is_quota(error: &ApiError) -> bool {
    !error.quota_violations().is_empty() || error.message.to_lowercase().contains("quota")
}

/// The cloud refused a call, or didn't answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CloudError {
    pub(crate) kind: CloudKind,
    message: String,
}

impl CloudError {
    /// Why an operation ended badly.
    pub(crate) fn from_status(status: &Status) -> Self {
        Self::from_api(&ApiError::from_operation(status))
    }

    fn from_api(error: &ApiError) -> Self {
        let mut message = error.message.clone();
        for violation in error.quota_violations() {
            let metric = violation.metric;
            if !message.contains(&metric.name) {
                message = format!("{message} (quota {}, limit {})", metric.name, metric.limit);
            }
        }
        Self {
            kind: CloudKind::of(error),
            message,
        }
    }
}

impl From<Error> for CloudError {
    fn from(error: Error) -> Self {
        match &error {
            Error::Api { error, .. } => Self::from_api(error),
            Error::Auth(
                auth @ (AuthError::KeyFile(_)
                | AuthError::Refused { .. }
                | AuthError::Metadata { .. }
                | AuthError::TokenFile { .. }),
            ) => Self {
                kind: CloudKind::Credentials,
                message: auth.to_string(),
            },
            Error::Auth(_)
            | Error::Transport { .. }
            | Error::Decode { .. }
            | Error::Endpoint(_) => Self {
                kind: CloudKind::Unavailable,
                message: root_cause(&error),
            },
        }
    }
}

impl fmt::Display for CloudError {
    // Request ids stay out: they would make every repetition a new message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.trim_end().trim_end_matches('.');
        write!(f, "{message}; {}", self.kind.advice())
    }
}

impl std::error::Error for CloudError {}

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

    pub(crate) async fn set_tag(&self, version: &str, tag: &str, key: Uuid) -> Answer<Operation> {
        Ok(self.client.versions().set_tag(version, tag, key).await?)
    }

    pub(crate) async fn gateway(&self, id: &str) -> Answer<ApiGateway> {
        Ok(self.client.api_gateways().get(id).await?)
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

    pub(crate) async fn delete_gateway(&self, id: &str, key: Uuid) -> Answer<Operation> {
        Ok(self.client.api_gateways().delete(id, key).await?)
    }

    pub(crate) async fn trigger(&self, id: &str) -> Answer<Trigger> {
        Ok(self.client.triggers().get(id).await?)
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

    pub(crate) async fn delete_trigger(&self, id: &str, key: Uuid) -> Answer<Operation> {
        Ok(self.client.triggers().delete(id, key).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(body: &str) -> CloudKind {
        CloudError::from_api(&ApiError::parse(400, body, None)).kind
    }

    #[test]
    fn codes_decide_and_not_http_statuses() {
        for (code, expected) in [
            (3, CloudKind::Invalid),
            (5, CloudKind::NotFound),
            (6, CloudKind::AlreadyExists),
            (7, CloudKind::Denied),
            (9, CloudKind::Precondition),
            (10, CloudKind::Unavailable),
            (14, CloudKind::Unavailable),
            (16, CloudKind::Credentials),
        ] {
            assert_eq!(
                kind(&format!(r#"{{"code":{code},"message":"m"}}"#)),
                expected,
                "{code}"
            );
        }
    }

    #[test]
    fn a_full_quota_is_not_a_request_for_patience() {
        assert_eq!(
            kind(r#"{"code":8,"message":"slow down"}"#),
            CloudKind::Unavailable
        );
        assert_eq!(
            kind(r#"{"code":8,"message":"Quota exceeded"}"#),
            CloudKind::Quota
        );
        let body = r#"{"code":8,"message":"limit","details":[{
            "@type":"type.googleapis.com/yandex.cloud.quota.QuotaFailure",
            "violations":[{"metric":{"name":"ydb.count","limit":"4","usage":4},"required":"5"}]}]}"#;
        let error = CloudError::from_api(&ApiError::parse(429, body, None));
        assert_eq!(error.kind, CloudKind::Quota);
        assert!(
            error.to_string().contains("quota ydb.count, limit 4"),
            "{error}"
        );
    }

    #[test]
    fn every_error_says_what_to_do_and_repeats_itself_exactly() {
        let body = r#"{"code":7,"message":"Permission denied."}"#;
        let say = |id: &str| {
            CloudError::from_api(&ApiError::parse(403, body, Some(id.to_owned()))).to_string()
        };
        assert!(say("1").contains("docs/permissions.md"), "{}", say("1"));
        assert_eq!(say("1"), say("2"));
    }
}
