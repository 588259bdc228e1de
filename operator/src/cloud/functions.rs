//! The calls about functions: their versions, tags, instances and callers.

use uuid::Uuid;
use yandex_cloud_rest::model::access::{AccessBinding, AccessBindingDelta};
use yandex_cloud_rest::model::function::{
    CreateFunctionRequest, Function, SetScalingPolicyRequest, UpdateFunctionRequest,
};
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::version::{CreateVersionRequest, Version};

use super::{Answer, Cloud, CloudKind};

impl Cloud {
    pub(crate) async fn function(&self, id: &str) -> Answer<Function> {
        self.count("functions", "get", self.client.functions().get(id).await)
    }

    pub(crate) async fn functions(&self, folder: &str) -> Answer<Vec<Function>> {
        self.count(
            "functions",
            "list",
            self.client.functions().list(folder, None).await,
        )
    }

    pub(crate) async fn functions_named(&self, folder: &str, name: &str) -> Answer<Vec<Function>> {
        self.count(
            "functions",
            "list",
            self.client.functions().list(folder, Some(name)).await,
        )
    }

    pub(crate) async fn create_function(
        &self,
        request: &CreateFunctionRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        self.count(
            "functions",
            "create",
            self.client.functions().create(request, key).await,
        )
    }

    pub(crate) async fn update_function(
        &self,
        id: &str,
        request: &UpdateFunctionRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        self.count(
            "functions",
            "update",
            self.client.functions().update(id, request, key).await,
        )
    }

    pub(crate) async fn delete_function(&self, id: &str, key: Uuid) -> Answer<Operation> {
        self.count(
            "functions",
            "delete",
            self.client.functions().delete(id, key).await,
        )
    }

    pub(crate) async fn function_bindings(&self, id: &str) -> Answer<Vec<AccessBinding>> {
        self.count(
            "functions",
            "access_bindings",
            self.client.functions().access_bindings(id).await,
        )
    }

    pub(crate) async fn update_function_bindings(
        &self,
        id: &str,
        deltas: &[AccessBindingDelta],
        key: Uuid,
    ) -> Answer<Operation> {
        self.count(
            "functions",
            "update_access_bindings",
            self.client
                .functions()
                .update_access_bindings(id, deltas, key)
                .await,
        )
    }

    /// How many instances of a tag are kept warm.
    pub(crate) async fn warm_instances(&self, function: &str, tag: &str) -> Answer<i64> {
        let policies = self.client.functions().scaling_policies(function).await;
        let policies = self.count("functions", "scaling_policies", policies)?;
        let policy = policies.into_iter().find(|policy| policy.tag == tag);
        Ok(policy.map_or(0, |policy| policy.provisioned_instances_count))
    }

    pub(crate) async fn set_scaling_policy(
        &self,
        function: &str,
        request: &SetScalingPolicyRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        self.count(
            "functions",
            "set_scaling_policy",
            self.client
                .functions()
                .set_scaling_policy(function, request, key)
                .await,
        )
    }

    pub(crate) async fn versions(&self, function: &str) -> Answer<Vec<Version>> {
        self.count(
            "versions",
            "list",
            self.client.versions().list(function).await,
        )
    }

    /// The id of the version that carries a tag.
    pub(crate) async fn tagged(&self, function: &str, tag: &str) -> Answer<Option<String>> {
        let version = self.client.versions().by_tag(function, tag).await;
        match self.count("versions", "by_tag", version) {
            Ok(version) => Ok(Some(version.id)),
            Err(error) if error.kind == CloudKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn create_version(
        &self,
        request: &CreateVersionRequest,
        key: Uuid,
    ) -> Answer<Operation> {
        self.count(
            "versions",
            "create",
            self.client.versions().create(request, key).await,
        )
    }

    pub(crate) async fn delete_version(&self, id: &str, key: Uuid) -> Answer<Operation> {
        self.count(
            "versions",
            "delete",
            self.client.versions().delete(id, false, key).await,
        )
    }

    pub(crate) async fn set_tag(&self, version: &str, tag: &str, key: Uuid) -> Answer<Operation> {
        self.count(
            "versions",
            "set_tag",
            self.client.versions().set_tag(version, tag, key).await,
        )
    }
}
