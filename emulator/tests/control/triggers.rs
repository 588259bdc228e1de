//! Triggers.

use reqwest::Method;
use serde_json::{Value, json};
use yc_emulator::iam::Resource;

use crate::harness::{FOLDER, World, id};

const TRIGGERS: &str = "/triggers/v1/triggers";

fn create(name: &str, account: &str) -> Value {
    json!({ "folderId": FOLDER, "name": name, "rule": { "dataStream": {
        "database": "/ru-central1/b1g/etn", "stream": "broadcast-topic",
        "serviceAccountId": account,
        "gatewayWebsocketBroadcast": {
            "gatewayId": "d5d1", "path": "/ws", "serviceAccountId": account,
        },
    } } })
}

#[tokio::test]
async fn a_trigger_pauses_resumes_changes_and_goes() {
    let world = World::new().await;
    let (robot, _) = world.robot("robot", &[]);
    let made = world
        .made(world.post(TRIGGERS, create("chat", &robot)).await)
        .await;
    assert_eq!(made["status"], "ACTIVE");
    let batch = &made["rule"]["dataStream"]["batchSettings"];
    assert_eq!(
        (&batch["size"], &batch["cutoff"]),
        (&json!("1"), &json!("1s"))
    );
    let path = format!("{TRIGGERS}/{}", id(&made));
    let paused = world
        .made(world.post(&format!("{path}:pause"), json!({})).await)
        .await;
    assert_eq!(paused["status"], "PAUSED");
    let resumed = world
        .made(world.post(&format!("{path}:resume"), json!({})).await)
        .await;
    assert_eq!(resumed["status"], "ACTIVE");
    let mut rule = create("chat", &robot)["rule"].clone();
    rule["dataStream"]["gatewayWebsocketBroadcast"]["path"] = json!("/talk");
    let update = json!({ "updateMask": "rule", "rule": rule });
    let updated = world.made(world.patch(&path, update).await).await;
    let broadcast = &updated["rule"]["dataStream"]["gatewayWebsocketBroadcast"];
    assert_eq!(
        (&broadcast["path"], &updated["name"]),
        (&json!("/talk"), &json!("chat"))
    );
    world.done(world.delete(&path).await).await;
    world.get(&path).await.fails(404, 5, "not found");
}

#[tokio::test]
async fn its_service_accounts_must_be_the_callers_to_attach() {
    let world = World::new().await;
    let (account, _) = world.robot("chat", &[]);
    let (editor, token) = world.robot("editor", &["functions.editor"]);
    let request = create("chat", &account);
    let denied = world
        .as_robot(&token, Method::POST, TRIGGERS, request.clone())
        .await;
    denied.fails(403, 7, &account);
    let resource = Resource::service_account(FOLDER, &account);
    world
        .iam
        .grant(&resource, "iam.serviceAccounts.user", &editor);
    world
        .as_robot(&token, Method::POST, TRIGGERS, request)
        .await
        .ok();
    let nobody = create("other", "ajenobody");
    world
        .post(TRIGGERS, nobody)
        .await
        .fails(404, 5, "ajenobody");
}

#[tokio::test]
async fn the_limits_of_a_rule_are_checked() {
    let world = World::new().await;
    let (robot, _) = world.robot("robot", &[]);
    let mut bad = create("chat", &robot);
    bad["rule"]["dataStream"]["batchSettings"] = json!({ "size": "65537", "cutoff": "61s" });
    bad["rule"]["dataStream"]["gatewayWebsocketBroadcast"]["path"] = json!("");
    let answer = world.post(TRIGGERS, bad).await;
    for field in [
        "batch_settings.size",
        "batch_settings.cutoff",
        "broadcast.path",
    ] {
        answer.fails(400, 3, field);
    }
    let misspelt = json!({ "folderId": FOLDER, "rule": { "datastream": {} } });
    world
        .post(TRIGGERS, misspelt)
        .await
        .fails(400, 3, "datastream");
    world
        .post(TRIGGERS, create("chat", "aje0"))
        .await
        .fails(404, 5, "aje0");
    world
        .made(world.post(TRIGGERS, create("chat", &robot)).await)
        .await;
    world
        .post(TRIGGERS, create("chat", &robot))
        .await
        .fails(409, 6, "already exists");
}

fn calling(account: &str) -> Value {
    let mut request = create("calling", account);
    let stream = request["rule"]["dataStream"].as_object_mut().unwrap();
    stream.remove("gatewayWebsocketBroadcast");
    let function = json!({
        "functionId": "d4e1", "serviceAccountId": account,
        "retrySettings": { "retryAttempts": "5", "interval": "10s" },
    });
    stream.insert("invokeFunction".to_owned(), function);
    request
}

#[tokio::test]
async fn a_trigger_may_call_a_function_with_retries() {
    let world = World::new().await;
    let (robot, _) = world.robot("robot", &[]);
    let made = world
        .made(world.post(TRIGGERS, calling(&robot)).await)
        .await;
    let function = &made["rule"]["dataStream"]["invokeFunction"];
    let expected = json!({
        "functionId": "d4e1", "functionTag": "$latest", "serviceAccountId": robot,
        "retrySettings": { "retryAttempts": "5", "interval": "10s" },
    });
    assert_eq!(*function, expected);
    let mut bad = calling(&robot);
    let function = &mut bad["rule"]["dataStream"]["invokeFunction"];
    function["retrySettings"] = json!({ "retryAttempts": "6", "interval": "9s" });
    let answer = world.post(TRIGGERS, bad).await;
    answer.fails(400, 3, "retry_settings.retry_attempts");
    answer.fails(400, 3, "retry_settings.interval");
    let mut both = calling(&robot);
    both["rule"]["dataStream"]["gatewayWebsocketBroadcast"] =
        create("x", &robot)["rule"]["dataStream"]["gatewayWebsocketBroadcast"].clone();
    world
        .post(TRIGGERS, both)
        .await
        .fails(400, 3, "Exactly one");
}

#[tokio::test]
async fn what_a_rule_can_but_the_emulator_can_not_is_refused_by_name() {
    let world = World::new().await;
    let (robot, _) = world.robot("robot", &[]);
    let timer =
        json!({ "folderId": FOLDER, "rule": { "timer": { "cronExpression": "* * * * ? *" } } });
    world
        .post(TRIGGERS, timer)
        .await
        .fails(501, 12, "rule.timer");
    let mut queue = calling(&robot);
    queue["rule"]["dataStream"]["invokeFunction"]["deadLetterQueue"] =
        json!({ "queueId": "q", "serviceAccountId": robot });
    world
        .post(TRIGGERS, queue)
        .await
        .fails(501, 12, "deadLetterQueue");
    let mut container = calling(&robot);
    let stream = container["rule"]["dataStream"].as_object_mut().unwrap();
    let action = stream.remove("invokeFunction").unwrap();
    stream.insert("invokeContainer".to_owned(), action);
    world
        .post(TRIGGERS, container)
        .await
        .fails(501, 12, "invokeContainer");
}
