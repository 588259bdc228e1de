//! The seam between control plane and data plane: what operations do beyond
//! changing records. The server implements it with YDB, functions, gateways
//! and triggers; tests of the control plane alone do nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use crate::error::Status;
use crate::functions::journal::Story;
use crate::traffic::Sighting;
use crate::ydb::Cut;

/// A version to run.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Its function.
    pub function_id: String,
    /// The function's folder.
    pub folder_id: String,
    /// Its id.
    pub version_id: String,
    /// `file.handler`
    pub entrypoint: String,
    /// The uploaded archive.
    pub zip: Vec<u8>,
    /// Variables of its processes.
    pub environment: BTreeMap<String, String>,
    /// Memory limit.
    pub memory_bytes: u64,
    /// Longest call.
    pub timeout: Duration,
    /// Calls at once per process, at least 1.
    pub concurrency: u32,
    /// Whose token its calls get.
    pub service_account_id: Option<String>,
    /// Whether the metadata service gives that token as well.
    pub metadata: bool,
}

/// How the version that a tag names scales, in one zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scaling {
    /// Instances that are kept ready.
    pub provisioned: usize,
    /// Most instances; without, as many as the quota allows.
    pub instances: Option<usize>,
    /// Most calls in progress; without, as many as the quota allows.
    pub requests: Option<usize>,
}

/// A Data Streams trigger.
#[derive(Debug, Clone)]
pub struct TriggerDefinition {
    /// Its id.
    pub trigger_id: String,
    /// Its folder.
    pub folder_id: String,
    /// Path of the database.
    pub database: String,
    /// Name of the topic in it.
    pub stream: String,
    /// Reads the topic; needs `yds.admin`.
    pub service_account_id: String,
    /// Most bytes of a batch.
    pub batch_size_bytes: u64,
    /// Longest wait for a batch to fill.
    pub cutoff: Duration,
    /// Where batches go.
    pub action: TriggerAction,
}

/// What a trigger does with a batch.
#[derive(Debug, Clone)]
pub enum TriggerAction {
    /// Sends it to all sockets of a path.
    Broadcast(BroadcastTarget),
    /// Calls a function with it.
    Invoke(FunctionTarget),
}

/// The sockets of a gateway's path.
#[derive(Debug, Clone)]
pub struct BroadcastTarget {
    /// The gateway.
    pub gateway_id: String,
    /// The path.
    pub path: String,
    /// Broadcasts; needs `api-gateway.websocketBroadcaster`.
    pub service_account_id: String,
}

/// A function that a trigger calls.
#[derive(Debug, Clone)]
pub struct FunctionTarget {
    /// The function.
    pub function_id: String,
    /// The tag of its version.
    pub tag: String,
    /// Calls it; needs `functions.functionInvoker`. Anonymous without one.
    pub service_account_id: Option<String>,
    /// Calls after the first one that failed.
    pub retries: u32,
    /// The time between two of them.
    pub interval: Duration,
}

/// What operations do to the running services.
#[async_trait]
pub trait DataPlane: std::fmt::Debug + Send + Sync {
    /// Makes an empty database at the path; one that was half made before is
    /// completed.
    async fn create_database(
        &self,
        path: &str,
        folder_id: &str,
        database_id: &str,
    ) -> Result<(), Status>;
    /// Opens a database that is in the state.
    async fn open_database(
        &self,
        path: &str,
        folder_id: &str,
        database_id: &str,
    ) -> Result<(), Status> {
        self.create_database(path, folder_id, database_id).await
    }
    /// Drops it with all that is in it, whether it is open or not.
    async fn delete_database(&self, path: &str);
    /// Its topics, for the state page.
    fn topics(&self, database_path: &str) -> Vec<Value>;

    /// Unpacks and checks a version.
    async fn deploy(&self, deployment: Deployment) -> Result<(), Status>;
    /// Moves a tag, `$latest` included.
    fn set_tag(&self, function_id: &str, tag: &str, version_id: &str);
    /// Removes a tag.
    fn remove_tag(&self, function_id: &str, tag: &str);
    /// Sets how a tag's version scales.
    fn scale(&self, _function_id: &str, _tag: &str, _scaling: Scaling) {}
    /// Stops a version's processes.
    async fn delete_version(&self, function_id: &str, version_id: &str);
    /// Stops a function's processes.
    async fn delete_function(&self, function_id: &str);

    /// Whether a gateway could run the specification.
    fn check_spec(&self, spec: &str) -> Result<(), Status>;
    /// Starts a gateway and tells where it listens.
    async fn create_gateway(
        &self,
        gateway_id: &str,
        folder_id: &str,
        spec: &str,
    ) -> Result<SocketAddr, Status>;
    /// Starts a gateway where it listened before.
    async fn open_gateway(
        &self,
        gateway_id: &str,
        folder_id: &str,
        spec: &str,
        address: SocketAddr,
    ) -> Result<(), Status>;
    /// Gives a gateway another specification.
    async fn update_gateway(&self, gateway_id: &str, spec: &str) -> Result<(), Status>;
    /// Refuses every request to it until it is resumed.
    async fn stop_gateway(&self, _gateway_id: &str) -> Result<(), Status> {
        Ok(())
    }
    /// Answers again.
    async fn resume_gateway(&self, _gateway_id: &str) -> Result<(), Status> {
        Ok(())
    }
    /// Closes its sockets and its listener.
    async fn delete_gateway(&self, gateway_id: &str);
    /// Open sockets, for the state page.
    fn connections(&self) -> Vec<Value>;

    /// Starts or restarts a trigger.
    fn start_trigger(&self, definition: TriggerDefinition);
    /// Stops it.
    fn stop_trigger(&self, trigger_id: &str);

    /// Cuts the connections of YDB's clients, as a test wishes.
    fn cut_ydb_connections(&self, _how: Cut) {}

    // For a person who looks; there is nothing to see by default.

    /// The last calls and log lines of one function, or of all.
    fn story(&self, _function_id: Option<&str>) -> Story {
        Story::default()
    }
    /// The last records of a topic; none when it isn't there.
    async fn topic_tail(&self, _database_path: &str, _topic: &str, _most: usize) -> Vec<Value> {
        Vec::new()
    }
    /// What passed gateways and triggers lately.
    fn traffic(&self) -> Vec<Sighting> {
        Vec::new()
    }
}

/// A data plane that does nothing, for tests of the control plane.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDataPlane;

#[async_trait]
impl DataPlane for NoDataPlane {
    async fn create_database(&self, _: &str, _: &str, _: &str) -> Result<(), Status> {
        Ok(())
    }
    async fn delete_database(&self, _: &str) {}
    fn topics(&self, _: &str) -> Vec<Value> {
        Vec::new()
    }
    async fn deploy(&self, _: Deployment) -> Result<(), Status> {
        Ok(())
    }
    fn set_tag(&self, _: &str, _: &str, _: &str) {}
    fn remove_tag(&self, _: &str, _: &str) {}
    async fn delete_version(&self, _: &str, _: &str) {}
    async fn delete_function(&self, _: &str) {}
    fn check_spec(&self, _: &str) -> Result<(), Status> {
        Ok(())
    }
    async fn create_gateway(&self, _: &str, _: &str, _: &str) -> Result<SocketAddr, Status> {
        Ok(SocketAddr::from(([127, 0, 0, 1], 1)))
    }
    async fn open_gateway(&self, _: &str, _: &str, _: &str, _: SocketAddr) -> Result<(), Status> {
        Ok(())
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
