//! Names, labels, unknown fields and masks.

use serde_json::json;

use crate::harness::{FOLDER, World};

const FUNCTIONS: &str = "/functions/v1/functions";
const ACCOUNTS: &str = "/iam/v1/serviceAccounts";

#[tokio::test]
async fn an_unknown_field_is_refused_by_name() {
    let world = World::new().await;
    let body = json!({ "folderId": FOLDER, "nmae": "chat" });
    world.post(FUNCTIONS, body).await.fails(400, 3, "nmae");
    let nested = json!({ "folderId": FOLDER, "serverlessDatabase": { "size": 1 } });
    world
        .post("/ydb/v1/databases", nested)
        .await
        .fails(400, 3, "size");
}

#[tokio::test]
async fn names_follow_the_rules_of_their_service() {
    let world = World::new().await;
    for name in ["ab", "Chat", "-chat", "chat-", "1chat", &"x".repeat(64)] {
        let body = json!({ "folderId": FOLDER, "name": name });
        world
            .post(FUNCTIONS, body)
            .await
            .fails(400, 3, "\n - name: ");
    }
    world
        .post(FUNCTIONS, json!({ "folderId": FOLDER }))
        .await
        .ok();
    world
        .post(ACCOUNTS, json!({ "folderId": FOLDER }))
        .await
        .fails(400, 3, "\n - name: ");
    world
        .post(ACCOUNTS, json!({ "folderId": FOLDER, "name": "a" }))
        .await
        .ok();
    world.post(ACCOUNTS, json!({ "name": "b" })).await.fails(
        400,
        3,
        "folder_id: Field is required",
    );
}

#[tokio::test]
async fn an_id_is_at_most_50_long() {
    let world = World::new().await;
    let long = "a".repeat(51);
    let create = json!({ "folderId": long, "name": "chat" });
    world
        .post(ACCOUNTS, create)
        .await
        .fails(400, 3, "folder_id");
    world
        .post("/iam/v1/keys", json!({ "serviceAccountId": long }))
        .await
        .fails(400, 3, "service_account_id");
    world
        .post(
            "/iam/v1/keys",
            json!({ "serviceAccountId": "a".repeat(50) }),
        )
        .await
        .fails(404, 5, "not found");
}

#[tokio::test]
async fn a_label_that_functions_take_is_too_wide_for_accounts() {
    let world = World::new().await;
    let labels = json!({ "wschat.dev/name": "lobby" });
    let body = json!({ "folderId": FOLDER, "name": "chat", "labels": labels });
    world.post(FUNCTIONS, body.clone()).await.ok();
    world
        .post(ACCOUNTS, body)
        .await
        .fails(400, 3, "\n - labels: ");
    // The proto file's pattern has a backslash, which escapes the letter after it.
    let body = json!({ "folderId": FOLDER, "labels": { "a": "b\\c" } });
    world
        .post(FUNCTIONS, body)
        .await
        .fails(400, 3, "\n - labels: ");
}

#[tokio::test]
async fn a_mask_must_name_mutable_fields() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let path = format!("{FUNCTIONS}/{function}");
    for mask in ["folderId", "nmae", "name,status"] {
        let body = json!({ "updateMask": mask, "name": "chat" });
        world.patch(&path, body).await.fails(400, 3, "update_mask");
    }
    let body = json!({ "updateMask": "description", "description": "ours" });
    let updated = world.made(world.patch(&path, body).await).await;
    assert_eq!(
        (&updated["name"], &updated["description"]),
        (&json!("chat"), &json!("ours"))
    );
    let reset = world
        .made(world.patch(&path, json!({ "name": "chat" })).await)
        .await;
    assert_eq!(reset["description"], "", "no mask resets what is left out");
}
