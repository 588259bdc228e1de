//! The data plane of a running emulator.

use std::net::SocketAddr;

use async_trait::async_trait;
use serde_json::Value;

use crate::cloud::plane::{DataPlane, Deployment, TriggerDefinition};
use crate::error::Status;
use crate::functions::{self, Functions};

/// Real services behind the control plane.
#[derive(Debug)]
pub(super) struct LivePlane {
    functions: Functions,
}

impl LivePlane {
    pub(super) fn new(functions: Functions) -> Self {
        Self { functions }
    }
}

#[async_trait]
impl DataPlane for LivePlane {
    async fn create_database(&self, _: &str, _: &str, _: &str) -> Result<(), Status> {
        Ok(())
    }

    async fn delete_database(&self, _: &str) {}

    fn topics(&self, _: &str) -> Vec<Value> {
        Vec::new()
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
