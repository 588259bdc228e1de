//! Who may do what.

use reqwest::Method;
use serde_json::json;
use yc_emulator::iam::Resource;

use crate::harness::{FOLDER, World};

#[tokio::test]
async fn a_call_without_a_role_is_denied_and_a_grant_helps() {
    let world = World::new().await;
    let (robot, token) = world.robot("robot", &[]);
    let create = json!({ "folderId": FOLDER, "name": "chat" });
    let path = "/functions/v1/functions";
    let denied = world
        .as_robot(&token, Method::POST, path, create.clone())
        .await;
    denied.fails(
        403,
        7,
        &format!("Permission to [resource-manager.folder {FOLDER}] denied"),
    );
    world
        .iam
        .grant(&Resource::folder(FOLDER), "functions.editor", &robot);
    world
        .as_robot(&token, Method::POST, path, create)
        .await
        .ok();
}

#[tokio::test]
async fn seeing_is_not_changing() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let path = format!("/functions/v1/functions/{function}");
    let (_, token) = world.robot("robot", &["viewer"]);
    world
        .as_robot(&token, Method::GET, &path, json!({}))
        .await
        .ok();
    world
        .as_robot(&token, Method::DELETE, &path, json!({}))
        .await
        .fails(403, 7, &function);
}

#[tokio::test]
async fn a_missing_or_wrong_token_is_unauthenticated() {
    let world = World::new().await;
    let path = format!("{}/functions/v1/functions?folderId={FOLDER}", world.api);
    let client = reqwest::Client::new();
    world
        .send(client.get(&path))
        .await
        .fails(401, 16, "missing");
    world
        .send(client.get(&path).bearer_auth("t1.x.y"))
        .await
        .fails(401, 16, "invalid");
}

#[tokio::test]
async fn an_unknown_folder_is_not_found() {
    let world = World::new().await;
    let path = "/functions/v1/functions?folderId=b1gnowhere";
    world
        .get(path)
        .await
        .fails(404, 5, "Folder b1gnowhere not found");
    let folder = world
        .get(&format!("/resource-manager/v1/folders/{FOLDER}"))
        .await
        .ok();
    assert_eq!(folder["status"], "ACTIVE");
}

#[tokio::test]
async fn attaching_an_account_to_a_version_needs_its_use() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let (_, token) = world.robot("robot", &["functions.editor"]);
    let (other, _) = world.robot("other", &[]);
    let version = json!({
        "functionId": function, "runtime": "nodejs22", "entrypoint": "index.handler",
        "resources": { "memory": "134217728" }, "content": "", "serviceAccountId": other,
    });
    let path = "/functions/v1/versions";
    let denied = world
        .as_robot(&token, Method::POST, path, version.clone())
        .await;
    denied.fails(403, 7, &other);
    world.post(path, version).await.ok();
}
