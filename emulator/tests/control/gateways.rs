//! API gateways.

use serde_json::{Value, json};

use crate::harness::{FOLDER, World, id};

const GATEWAYS: &str = "/apigateways/v1/apigateways";

fn spec(account: &str) -> String {
    let integration = json!({
        "type": "cloud_functions", "function_id": "d4e1", "service_account_id": account,
    });
    json!({ "openapi": "3.0.0", "paths": { "/ws": { "x-yc-apigateway-websocket-message": {
        "x-yc-apigateway-integration": integration,
    } } } })
    .to_string()
}

fn create(name: &str, spec: &str) -> Value {
    json!({ "folderId": FOLDER, "name": name, "openapiSpec": spec })
}

#[tokio::test]
async fn a_gateway_gets_its_domain_and_keeps_its_specification_as_submitted() {
    let world = World::new().await;
    let (robot, _) = world.robot("robot", &[]);
    let text = spec(&robot);
    let made = world
        .made(world.post(GATEWAYS, create("chat", &text)).await)
        .await;
    assert_eq!(
        (&made["status"], &made["domain"]),
        (&json!("ACTIVE"), &json!("127.0.0.1:1"))
    );
    assert!(made.get("openapiSpec").is_none());
    let path = format!("{GATEWAYS}/{}", id(&made));
    assert_eq!(
        world.get(&format!("{path}:spec")).await.ok()["openapiSpec"],
        text.as_str()
    );
    let yaml = world.get(&format!("{path}:spec?format=YAML")).await.ok();
    assert!(
        yaml["openapiSpec"]
            .as_str()
            .unwrap()
            .contains("openapi: 3.0.0")
    );
    world
        .get(&format!("{path}:spec?format=XML"))
        .await
        .fails(400, 3, "format");
}

#[tokio::test]
async fn an_update_must_bring_the_specification_and_resets_what_it_leaves_out() {
    let world = World::new().await;
    let (robot, _) = world.robot("robot", &[]);
    let mut request = create("chat", &spec(&robot));
    request["labels"] = json!({ "wschat.dev/name": "lobby" });
    let made = world.made(world.post(GATEWAYS, request).await).await;
    assert_eq!(made["labels"]["wschat.dev/name"], "lobby");
    let path = format!("{GATEWAYS}/{}", id(&made));
    let rename = json!({ "updateMask": "name", "name": "talk" });
    world
        .patch(&path, rename)
        .await
        .fails(400, 3, "openapi_spec");
    let rename = json!({ "updateMask": "name", "name": "talk", "openapiSpec": spec(&robot) });
    let renamed = world.made(world.patch(&path, rename).await).await;
    assert_eq!(
        (&renamed["name"], &renamed["labels"]["wschat.dev/name"]),
        (&json!("talk"), &json!("lobby"))
    );
    let whole = json!({ "name": "talk", "openapiSpec": "{\"openapi\":\"3.0.1\"}" });
    let reset = world.made(world.patch(&path, whole).await).await;
    assert_eq!(reset["labels"], json!({}));
    let read = world.get(&format!("{path}:spec")).await.ok();
    assert_eq!(read["openapiSpec"], "{\"openapi\":\"3.0.1\"}");
    world.done(world.delete(&path).await).await;
    world.get(&path).await.fails(404, 5, "not found");
}

#[tokio::test]
async fn its_service_accounts_must_be_the_callers_to_attach() {
    let world = World::new().await;
    let (robot, token) = world.robot("robot", &["api-gateway.editor"]);
    let request = create("chat", &spec(&robot));
    let method = reqwest::Method::POST;
    let denied = world
        .as_robot(&token, method.clone(), GATEWAYS, request.clone())
        .await;
    denied.fails(403, 7, "iam.serviceAccount");
    let account = yc_emulator::iam::Resource::service_account(FOLDER, &robot);
    world
        .iam
        .grant(&account, "iam.serviceAccounts.user", &robot);
    world.as_robot(&token, method, GATEWAYS, request).await.ok();
    world
        .post(GATEWAYS, create("other", &spec("aje0")))
        .await
        .fails(404, 5, "aje0");
}

#[tokio::test]
async fn bindings_of_a_gateway_change_by_patch() {
    let world = World::new().await;
    let (robot, token) = world.robot("robot", &["api-gateway.admin"]);
    let made = world
        .made(world.post(GATEWAYS, create("chat", "{}")).await)
        .await;
    let update = format!("{GATEWAYS}/{}:updateAccessBindings", id(&made));
    let deltas = json!({ "accessBindingDeltas": [{ "action": "ADD", "accessBinding": {
        "roleId": "api-gateway.websocketWriter",
        "subject": { "id": robot, "type": "serviceAccount" },
    } }] });
    world
        .patch(&update, deltas.clone())
        .await
        .fails(403, 7, "denied");
    world
        .as_robot(&token, reqwest::Method::PATCH, &update, deltas)
        .await
        .ok();
}

#[tokio::test]
async fn a_gateway_is_stopped_and_resumed() {
    let world = World::new().await;
    let made = world
        .made(world.post(GATEWAYS, create("chat", "{}")).await)
        .await;
    let path = format!("{GATEWAYS}/{}", id(&made));
    let (stop, resume) = (format!("{path}:stop"), format!("{path}:resume"));
    world.post(&resume, json!({})).await.fails(400, 9, "ACTIVE");
    let stopped = world.done(world.post(&stop, json!({})).await).await;
    assert_eq!(
        stopped["metadata"]["@type"],
        "type.googleapis.com/yandex.cloud.serverless.apigateway.v1.StopApiGatewayMetadata"
    );
    assert_eq!(
        stopped["response"],
        json!({ "@type": "type.googleapis.com/google.protobuf.Empty" })
    );
    assert_eq!(world.get(&path).await.ok()["status"], "STOPPED");
    world.post(&stop, json!({})).await.fails(400, 9, "STOPPED");
    let update = json!({ "name": "chat", "openapiSpec": "{}" });
    world.patch(&path, update).await.fails(400, 9, "resume it");
    let resumed = world.made(world.post(&resume, json!({})).await).await;
    assert_eq!(resumed["status"], "ACTIVE");
    world.done(world.post(&stop, json!({})).await).await;
    world.done(world.delete(&path).await).await;
    world.get(&path).await.fails(404, 5, "not found");
}

#[tokio::test]
async fn who_may_only_look_does_not_stop_a_gateway() {
    let world = World::new().await;
    let made = world
        .made(world.post(GATEWAYS, create("chat", "{}")).await)
        .await;
    let (_, token) = world.robot("robot", &["api-gateway.viewer"]);
    let stop = format!("{GATEWAYS}/{}:stop", id(&made));
    let method = reqwest::Method::POST;
    let denied = world.as_robot(&token, method, &stop, json!({})).await;
    denied.fails(403, 7, "denied");
}

#[tokio::test]
async fn variables_are_refused_by_name() {
    let world = World::new().await;
    let mut request = create("chat", "{}");
    request["variables"] = json!({ "room": { "stringValue": "lobby" } });
    world
        .post(GATEWAYS, request)
        .await
        .fails(400, 3, "variables: The emulator has no variables");
}
