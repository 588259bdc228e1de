//! The data plane of a running emulator.

use std::net::SocketAddr;

use async_trait::async_trait;
use serde_json::Value;

use crate::cloud::plane::{DataPlane, Deployment, TriggerDefinition};
use crate::error::Status;
use crate::functions::{self, Functions};
use crate::ydb::{DatabaseIdentity, Ydb};

/// Real services behind the control plane.
#[derive(Debug)]
pub(super) struct LivePlane {
    ydb: Ydb,
    functions: Functions,
}

impl LivePlane {
    pub(super) fn new(ydb: Ydb, functions: Functions) -> Self {
        Self { ydb, functions }
    }
}

#[async_trait]
impl DataPlane for LivePlane {
    async fn create_database(
        &self,
        path: &str,
        folder_id: &str,
        database_id: &str,
    ) -> Result<(), Status> {
        let identity = DatabaseIdentity {
            path: path.to_owned(),
            folder_id: folder_id.to_owned(),
            database_id: database_id.to_owned(),
        };
        let created = self.ydb.create_database(identity).await;
        created.map_err(|error| Status::internal(error.to_string()))
    }

    async fn delete_database(&self, path: &str) {
        self.ydb.delete_database(path);
    }

    fn topics(&self, database_path: &str) -> Vec<Value> {
        let topics = self.ydb.topics(database_path).into_iter();
        topics
            .filter_map(|topic| serde_json::to_value(topic).ok())
            .collect()
    }

    async fn deploy(&self, deployment: Deployment) -> Result<(), Status> {
        let deployment = functions::Deployment {
            function_id: deployment.function_id,
            folder_id: deployment.folder_id,
            version_id: deployment.version_id,
            entrypoint: deployment.entrypoint,
            zip: deployment.zip,
            environment: deployment.environment,
            memory_bytes: deployment.memory_bytes,
            timeout: deployment.timeout,
            concurrency: deployment.concurrency,
            service_account_id: deployment.service_account_id,
        };
        self.functions.deploy(deployment).await
    }

    fn set_tag(&self, function_id: &str, tag: &str, version_id: &str) {
        self.functions.set_tag(function_id, tag, version_id);
    }

    fn remove_tag(&self, function_id: &str, tag: &str) {
        self.functions.remove_tag(function_id, tag);
    }

    async fn delete_version(&self, function_id: &str, version_id: &str) {
        self.functions.delete_version(function_id, version_id).await;
    }

    async fn delete_function(&self, function_id: &str) {
        self.functions.delete_function(function_id).await;
    }

    fn check_spec(&self, _: &str) -> Result<(), Status> {
        Ok(())
    }

    async fn create_gateway(&self, _: &str, _: &str, _: &str) -> Result<SocketAddr, Status> {
        Err(Status::unimplemented("Gateways don't run yet"))
    }

    async fn update_gateway(&self, _: &str, _: &str) -> Result<(), Status> {
        Ok(())
    }

    async fn delete_gateway(&self, _: &str) {}

    fn connections(&self) -> Vec<Value> {
        Vec::new()
    }

    fn start_trigger(&self, _: TriggerDefinition) {}

    fn stop_trigger(&self, _: &str) {}
}
