//! What the cloud's documents don't say, held still.

use std::time::Duration;

use serde_json::{Value, json};
use yc_emulator::iam::Resource;

use crate::harness::{FOLDER, Options, World, id};

const BINDINGS: &str = "/resource-manager/v1/folders";

fn grant(account: &str) -> Value {
    let subject = json!({ "id": account, "type": "serviceAccount" });
    let binding = json!({ "roleId": "viewer", "subject": subject });
    json!({ "accessBindingDeltas": [{ "action": "ADD", "accessBinding": binding }] })
}

#[tokio::test]
async fn a_function_goes_even_while_a_gateway_calls_it() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let (robot, _) = world.robot("robot", &[]);
    let integration = json!({
        "type": "cloud_functions", "function_id": function, "service_account_id": robot,
    });
    let spec = json!({ "openapi": "3.0.0", "paths": { "/ws": {
        "x-yc-apigateway-websocket-message": { "x-yc-apigateway-integration": integration },
    } } });
    let create = json!({ "folderId": FOLDER, "name": "chat", "openapiSpec": spec.to_string() });
    let gateways = "/apigateways/v1/apigateways";
    let gateway = world.made(world.post(gateways, create).await).await;
    let path = format!("/functions/v1/functions/{function}");
    world.done(world.delete(&path).await).await;
    world.get(&path).await.fails(404, 5, &function);
    let path = format!("{gateways}/{}", id(&gateway));
    assert_eq!(world.get(&path).await.ok()["status"], "ACTIVE");
}

#[tokio::test]
async fn a_version_without_a_time_limit_gets_three_seconds() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let create = json!({
        "functionId": function, "runtime": "nodejs22", "entrypoint": "index.handler",
        "resources": { "memory": "134217728" }, "content": "UEsDBA==",
    });
    let version = world
        .made(world.post("/functions/v1/versions", create).await)
        .await;
    assert_eq!(version["executionTimeout"], "3s");
}

#[tokio::test]
async fn an_account_that_is_not_there_gets_no_role() {
    let world = World::new().await;
    world
        .post(
            &format!("{BINDINGS}/{FOLDER}:updateAccessBindings"),
            grant("ajenothing"),
        )
        .await
        .fails(404, 5, "ajenothing");
}

#[tokio::test]
async fn bindings_of_a_deleted_account_stay() {
    let world = World::new().await;
    let (robot, _) = world.robot("robot", &[]);
    let folder = format!("{BINDINGS}/{FOLDER}");
    let granted = world
        .post(&format!("{folder}:updateAccessBindings"), grant(&robot))
        .await;
    world.done(granted).await;
    let account = format!("/iam/v1/serviceAccounts/{robot}");
    world.done(world.delete(&account).await).await;
    let list = format!("{folder}:listAccessBindings");
    let held = world.get(&list).await.ok().to_string();
    assert!(held.contains(&robot), "{held}");
}

#[tokio::test]
async fn no_binding_comes_to_what_went_meanwhile() {
    let world = World::with(Options {
        delay: Duration::from_millis(30),
        ..Options::default()
    })
    .await;
    let function = world.function("chat").await;
    let (robot, _) = world.robot("robot", &[]);
    let path = format!("/functions/v1/functions/{function}");
    let deleting = world.delete(&path).await;
    let granting = world
        .post(&format!("{path}:updateAccessBindings"), grant(&robot))
        .await;
    // Usually in this order, and the grant ends with NOT_FOUND.
    world.done(deleting).await;
    world.done(granting).await;
    let resource = Resource::function(FOLDER, &function);
    assert!(world.iam.bindings(&resource).is_empty());
}
