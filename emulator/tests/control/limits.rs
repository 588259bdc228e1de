//! What no request may hold, as far as the official descriptors know.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{FOLDER, Options, World};
use crate::judge;

/// A world with room for all good requests.
async fn world() -> World {
    let quotas = BTreeMap::from([("serverless.functions.count".to_owned(), 100)]);
    World::with(Options {
        quotas,
        ..Options::default()
    })
    .await
}

/// Sends the request, which must be good, and all that break one of its limits.
async fn assert_limits(world: &World, method: Method, path: &str, good: &Value) {
    let send = |body: &Value| world.send(world.request(method.clone(), path).json(body));
    // A new key is there at once, everything else after its operation.
    let answer = send(good).await;
    if answer.body.get("metadata").is_some() {
        world.done(answer).await;
    } else {
        answer.ok();
    }
    let bad = judge::violations(method.as_str(), path, good);
    assert!(!bad.is_empty(), "{path} takes anything");
    for (rule, body) in bad {
        let answer = send(&body).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &json!(3)),
            "{method} {path}: {rule}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn of_functions_and_versions() {
    let world = world().await;
    let functions = "/functions/v1/functions";
    let create = json!({ "folderId": FOLDER, "name": "chat" });
    assert_limits(&world, Method::POST, functions, &create).await;
    let function = world.function("other").await;
    let update = json!({ "updateMask": "description", "description": "ours" });
    let path = format!("{functions}/{function}");
    assert_limits(&world, Method::PATCH, &path, &update).await;
    let version = json!({
        "functionId": function, "runtime": "nodejs22", "entrypoint": "index.handler",
        "resources": { "memory": "134217728" }, "content": "UEsDBA==",
        "logOptions": { "folderId": FOLDER, "minLevel": "INFO" },
        "metadataOptions": { "gceHttpEndpoint": "ENABLED" },
        "executionTimeout": "30s", "concurrency": "16", "environment": { "A": "b" },
        "tag": ["live"],
    });
    assert_limits(&world, Method::POST, "/functions/v1/versions", &version).await;
    let policy = json!({ "tag": "$latest", "zoneInstancesLimit": "1" });
    let path = format!("{functions}/{function}:setScalingPolicy");
    assert_limits(&world, Method::POST, &path, &policy).await;
}

#[tokio::test]
async fn of_accounts_keys_and_bindings() {
    let world = world().await;
    let accounts = "/iam/v1/serviceAccounts";
    let create = json!({ "folderId": FOLDER, "name": "chat" });
    assert_limits(&world, Method::POST, accounts, &create).await;
    let (robot, _) = world.robot("robot", &[]);
    let update = json!({ "updateMask": "description", "name": "robot" });
    let path = format!("{accounts}/{robot}");
    assert_limits(&world, Method::PATCH, &path, &update).await;
    let key = json!({ "serviceAccountId": robot });
    assert_limits(&world, Method::POST, "/iam/v1/keys", &key).await;

    let folder = format!("/resource-manager/v1/folders/{FOLDER}");
    let binding = json!({
        "roleId": "viewer", "subject": { "id": robot, "type": "serviceAccount" },
    });
    let deltas = json!({ "accessBindingDeltas": [{ "action": "ADD", "accessBinding": binding }] });
    let path = format!("{folder}:updateAccessBindings");
    assert_limits(&world, Method::POST, &path, &deltas).await;
}

#[tokio::test]
async fn of_databases_gateways_and_triggers() {
    let world = world().await;
    let (robot, _) = world.robot("robot", &[]);
    let database = json!({ "folderId": FOLDER, "name": "chat", "serverlessDatabase": {
        "storageSizeLimit": "1073741824",
    } });
    assert_limits(&world, Method::POST, "/ydb/v1/databases", &database).await;
    let gateway = json!({ "folderId": FOLDER, "name": "chat", "openapiSpec": "{}",
        "logOptions": { "folderId": FOLDER, "minLevel": "INFO" },
        "executionTimeout": "30s" });
    assert_limits(
        &world,
        Method::POST,
        "/apigateways/v1/apigateways",
        &gateway,
    )
    .await;
    let trigger = json!({ "folderId": FOLDER, "name": "chat", "rule": { "dataStream": {
        "database": "/ru-central1/b1g/etn", "stream": "broadcast-topic",
        "serviceAccountId": robot,
        "batchSettings": { "size": "1", "cutoff": "1s" },
        "gatewayWebsocketBroadcast": {
            "gatewayId": "d5d1", "path": "/ws", "serviceAccountId": robot,
        },
    } } });
    assert_limits(&world, Method::POST, "/triggers/v1/triggers", &trigger).await;
}
