//! Operations whose work fails.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use yc_emulator::cloud::plane::{DataPlane, Deployment, TriggerDefinition};
use yc_emulator::error::Status;

use crate::harness::{FOLDER, Options, World, id};

/// Everything that may fail fails.
#[derive(Debug)]
struct Broken;

fn broken<T>() -> Result<T, Status> {
    Err(Status::invalid_argument("broken on purpose"))
}

#[async_trait]
impl DataPlane for Broken {
    async fn create_database(&self, _: &str, _: &str, _: &str) -> Result<(), Status> {
        broken()
    }
    async fn delete_database(&self, _: &str) {}
    fn topics(&self, _: &str) -> Vec<Value> {
        Vec::new()
    }
    async fn deploy(&self, _: Deployment) -> Result<(), Status> {
        broken()
    }
    fn set_tag(&self, _: &str, _: &str, _: &str) {}
    fn remove_tag(&self, _: &str, _: &str) {}
    async fn delete_version(&self, _: &str, _: &str) {}
    async fn delete_function(&self, _: &str) {}
    fn check_spec(&self, spec: &str) -> Result<(), Status> {
        if spec.contains("good") {
            Ok(())
        } else {
            broken()
        }
    }
    async fn create_gateway(&self, _: &str, _: &str, _: &str) -> Result<SocketAddr, Status> {
        broken()
    }
    async fn open_gateway(&self, _: &str, _: &str, _: &str, _: SocketAddr) -> Result<(), Status> {
        broken()
    }
    async fn update_gateway(&self, _: &str, _: &str) -> Result<(), Status> {
        broken()
    }
    async fn delete_gateway(&self, _: &str) {}
    fn connections(&self) -> Vec<Value> {
        Vec::new()
    }
    fn start_trigger(&self, _: TriggerDefinition) {}
    fn stop_trigger(&self, _: &str) {}
}

async fn world() -> World {
    World::with(Options {
        plane: Arc::new(Broken),
        ..Options::default()
    })
    .await
}

fn assert_broken(operation: &Value) {
    assert_eq!(operation["error"]["code"], 3, "{operation}");
    assert_eq!(operation["error"]["message"], "broken on purpose");
    assert!(operation.get("response").is_none());
}

#[tokio::test]
async fn a_version_that_fails_leaves_only_its_operations_error() {
    let world = world().await;
    let function = world.function("chat").await;
    let version = json!({
        "functionId": function, "runtime": "nodejs22", "entrypoint": "index.handler",
        "resources": { "memory": "134217728" }, "content": "",
    });
    assert_broken(
        &world
            .done(world.post("/functions/v1/versions", version).await)
            .await,
    );
    let list = world
        .get(&format!("/functions/v1/versions?functionId={function}"))
        .await
        .ok();
    assert_eq!(list["versions"], json!([]));
}

#[tokio::test]
async fn an_error_shows_before_its_operation_is_done() {
    let world = World::with(Options {
        delay: Duration::from_millis(400),
        plane: Arc::new(Broken),
        ..Options::default()
    })
    .await;
    let create = json!({ "folderId": FOLDER, "name": "chat", "serverlessDatabase": {} });
    let begun = world.post("/ydb/v1/databases", create).await.ok();
    let poll = format!("/operations/{}", id(&begun));
    let shown = loop {
        let operation = world.get(&poll).await.ok();
        if operation.get("error").is_some() {
            break operation;
        }
        assert_eq!(operation["done"], false, "{operation}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    // The rollback still runs.
    assert_eq!(shown["done"], false);
    assert_broken(&shown);
    let end = world.done(world.get(&poll).await).await;
    assert_broken(&end);
}

#[tokio::test]
async fn a_gateway_that_fails_can_only_be_deleted() {
    let world = world().await;
    let path = "/apigateways/v1/apigateways";
    let bad = json!({ "folderId": FOLDER, "name": "chat", "openapiSpec": "bad" });
    world.post(path, bad).await.fails(400, 3, "broken");
    let good = json!({ "folderId": FOLDER, "name": "chat", "openapiSpec": "good" });
    let operation = world.done(world.post(path, good).await).await;
    assert_broken(&operation);
    let gateway = format!(
        "{path}/{}",
        operation["metadata"]["apiGatewayId"].as_str().unwrap()
    );
    assert_eq!(world.get(&gateway).await.ok()["status"], "ERROR");
    let update = json!({ "name": "chat", "openapiSpec": "good" });
    world.patch(&gateway, update).await.fails(400, 9, "ERROR");
    world.done(world.delete(&gateway).await).await;
    world.get(&gateway).await.fails(404, 5, "not found");
}

#[tokio::test]
async fn a_database_that_fails_says_so_in_its_status() {
    let world = world().await;
    let create = json!({ "folderId": FOLDER, "name": "chat", "serverlessDatabase": {} });
    let operation = world
        .done(world.post("/ydb/v1/databases", create).await)
        .await;
    assert_broken(&operation);
    let id = operation["metadata"]["databaseId"].as_str().unwrap();
    assert_eq!(
        world.get(&format!("/ydb/v1/databases/{id}")).await.ok()["status"],
        "ERROR"
    );
}
