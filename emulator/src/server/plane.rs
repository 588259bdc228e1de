//! The data plane of a running emulator.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::folder::Folder;
use super::{StartError, ports};
use crate::args::Args;
use crate::clock::Clock;
use crate::cloud::plane::{DataPlane, Deployment, Scaling, TriggerDefinition};
use crate::cloud::quotas::{self, Quotas};
use crate::error::Status;
use crate::functions::journal::Story;
use crate::functions::{Functions, Limits};
use crate::gateway::Gateways;
use crate::inspect::Inspector;
use crate::security::Security;
use crate::traffic::{Sighting, Traffic};
use crate::trigger::Triggers;
use crate::ydb::{Cut, DatabaseIdentity, Record, Ydb};

/// Where functions' code is unpacked, in the folder for data.
const CODE: &str = "functions";

/// Real services behind the control plane.
#[derive(Debug)]
pub(super) struct LivePlane {
    ydb: Ydb,
    functions: Functions,
    gateways: Gateways,
    triggers: Triggers,
    traffic: Traffic,
    /// Whether gateways are to be found at the same ports after the next start.
    lasting: bool,
}

impl LivePlane {
    pub(super) fn new(
        inspector: &Inspector,
        args: &Args,
        folder: &Folder,
        security: Security,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let iam = inspector.iam();
        let code = folder.path().join(CODE);
        // What an emulator that was killed had unpacked may be half there.
        if code.exists() {
            std::fs::remove_dir_all(&code).map_err(StartError::Directory)?;
        }
        let node = args.node.clone().unwrap_or_else(|| PathBuf::from("node"));
        let authority = security.authority().map(Path::to_owned);
        let quotas = Quotas::new(&args.quotas());
        let functions = Functions::with_limits(
            inspector.clone(),
            node,
            code,
            authority,
            function_limits(&quotas, args.function_idle_limit),
        );
        let schema_operations = quotas.limit(quotas::SCHEMA_OPERATIONS);
        let ydb = Ydb::new(iam.clone(), folder.path(), clock, schema_operations);
        let traffic = Traffic::default();
        let gateways = Gateways::new(
            inspector.clone(),
            functions.clone(),
            security,
            traffic.clone(),
        );
        let delay = args.trigger_start_delay;
        let triggers = Triggers::load(
            inspector.clone(),
            ydb.clone(),
            (gateways.clone(), functions.clone()),
            delay,
            traffic.clone(),
            folder.store(),
        )?;
        Ok(Self {
            ydb,
            functions,
            gateways,
            triggers,
            traffic,
            lasting: folder.store().keeps(),
        })
    }

    pub(super) fn ydb(&self) -> &Ydb {
        &self.ydb
    }

    /// What the data plane answers over HTTP on the API's own port.
    pub(super) fn router(&self) -> axum::Router {
        let functions = self.functions.router();
        functions.merge(self.gateways.connections_router())
    }

    /// Ends all of it. Sockets tell their functions that they end, for which
    /// they get `grace`; so functions end last.
    pub(super) async fn shutdown(&self, grace: Duration) {
        self.triggers.shutdown();
        let sockets = tokio::time::timeout(grace, self.gateways.shutdown()).await;
        if sockets.is_err() {
            tracing::debug!("sockets were still open");
        }
        self.functions.shutdown().await;
    }
}

fn function_limits(quotas: &Quotas, idle: Duration) -> Limits {
    let limit = |name| usize::try_from(quotas.limit(name)).unwrap_or(usize::MAX);
    Limits {
        calls: limit(quotas::CALLS),
        instances: limit(quotas::INSTANCES),
        memory_mib: quotas.limit(quotas::INSTANCE_MEMORY) >> 20,
        idle,
    }
}

fn identity(path: &str, folder_id: &str, database_id: &str) -> DatabaseIdentity {
    DatabaseIdentity {
        path: path.to_owned(),
        folder_id: folder_id.to_owned(),
        database_id: database_id.to_owned(),
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
        let identity = identity(path, folder_id, database_id);
        let created = self.ydb.create_database(identity).await;
        created.map_err(|error| Status::internal(error.to_string()))
    }

    async fn open_database(
        &self,
        path: &str,
        folder_id: &str,
        database_id: &str,
    ) -> Result<(), Status> {
        let identity = identity(path, folder_id, database_id);
        let opened = self.ydb.open_database(identity).await;
        opened.map_err(|error| Status::internal(error.to_string()))
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

    async fn topic_tail(&self, database_path: &str, topic: &str, most: usize) -> Vec<Value> {
        let partitions = self.ydb.topic_partitions(database_path, topic);
        let mut tail = Vec::new();
        for partition in 0..partitions.unwrap_or_default() {
            let Ok(end) = self.ydb.watch_topic(database_path, topic, partition) else {
                continue;
            };
            let from = end.borrow().saturating_sub(most as u64);
            let records = self
                .ydb
                .read_topic(database_path, (topic, partition), from, most)
                .await;
            let records = records.unwrap_or_default().into_iter();
            tail.extend(records.map(|record| (partition, record)));
        }
        tail.sort_by_key(|(_, record)| record.written_at);
        let last = tail.split_off(tail.len().saturating_sub(most));
        let told = |(partition, record): (usize, Record)| {
            json!({
                "partition": partition,
                "offset": record.offset,
                "writtenAt": record.written_at,
                "text": String::from_utf8_lossy(&record.data),
            })
        };
        last.into_iter().map(told).collect()
    }

    fn cut_ydb_connections(&self, how: Cut) {
        self.ydb.cut_connections(how);
    }

    fn traffic(&self) -> Vec<Sighting> {
        self.traffic.all()
    }

    async fn deploy(&self, deployment: Deployment) -> Result<(), Status> {
        self.functions.deploy(deployment).await
    }

    fn set_tag(&self, function_id: &str, tag: &str, version_id: &str) {
        self.functions.set_tag(function_id, tag, version_id);
    }

    fn remove_tag(&self, function_id: &str, tag: &str) {
        self.functions.remove_tag(function_id, tag);
    }

    fn scale(&self, function_id: &str, tag: &str, scaling: Scaling) {
        self.functions.scale(function_id, tag, scaling);
    }

    async fn delete_version(&self, function_id: &str, version_id: &str) {
        self.functions.delete_version(function_id, version_id).await;
    }

    async fn delete_function(&self, function_id: &str) {
        self.functions.delete_function(function_id).await;
    }

    fn story(&self, function_id: Option<&str>) -> Story {
        self.functions.story(function_id)
    }

    fn check_spec(&self, spec: &str) -> Result<(), Status> {
        Gateways::check(spec).map(drop)
    }

    async fn create_gateway(
        &self,
        gateway_id: &str,
        folder_id: &str,
        spec: &str,
    ) -> Result<SocketAddr, Status> {
        let spec = Gateways::check(spec)?;
        if self.lasting {
            for address in ports::lasting(Ipv4Addr::LOCALHOST.into()) {
                let opened = self
                    .gateways
                    .open(gateway_id, folder_id, spec.clone(), address);
                match opened.await {
                    Ok(address) => return Ok(address),
                    Err(error) if ports::is_taken(&error) => {}
                    Err(error) => return Err(Status::internal(error.to_string())),
                }
            }
        }
        self.gateways.create(gateway_id, folder_id, spec).await
    }

    async fn open_gateway(
        &self,
        gateway_id: &str,
        folder_id: &str,
        spec: &str,
        address: SocketAddr,
    ) -> Result<(), Status> {
        let spec = Gateways::check(spec)?;
        let opened = self.gateways.open(gateway_id, folder_id, spec, address);
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::AddrInUse => format!(
                "{address}, where its clients look for it, is in use; stop the program that \
                 listens there"
            ),
            _ => format!("can't listen on {address}: {error}"),
        };
        let opened = opened.await.map(drop);
        opened.map_err(|error| Status::internal(failed(error)))
    }

    async fn update_gateway(&self, gateway_id: &str, spec: &str) -> Result<(), Status> {
        self.gateways.update(gateway_id, Gateways::check(spec)?)
    }

    async fn stop_gateway(&self, gateway_id: &str) -> Result<(), Status> {
        self.gateways.pause(gateway_id)
    }

    async fn resume_gateway(&self, gateway_id: &str) -> Result<(), Status> {
        self.gateways.resume(gateway_id)
    }

    async fn delete_gateway(&self, gateway_id: &str) {
        self.gateways.delete(gateway_id);
    }

    fn connections(&self) -> Vec<Value> {
        let open = self.gateways.connections().into_iter();
        open.filter_map(|connection| serde_json::to_value(connection).ok())
            .collect()
    }

    fn start_trigger(&self, definition: TriggerDefinition) {
        self.triggers.start(definition);
    }

    fn stop_trigger(&self, trigger_id: &str) {
        self.triggers.stop(trigger_id);
    }
}
