//! YDB databases.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{FOLDER, Options, World, id};

const DATABASES: &str = "/ydb/v1/databases";

fn create(name: &str) -> Value {
    json!({ "folderId": FOLDER, "name": name, "serverlessDatabase": {}, "deletionProtection": true })
}

#[tokio::test]
async fn a_database_is_provisioned_and_knows_its_endpoint_from_the_start() {
    let world = World::with(Options {
        delay: Duration::from_millis(150),
        ..Options::default()
    })
    .await;
    let answer = world.post(DATABASES, create("chat")).await;
    let database_id = answer.body["metadata"]["databaseId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(answer.body["metadata"]["databaseName"], "chat");
    let path = format!("{DATABASES}/{database_id}");
    let young = world.get(&path).await.ok();
    assert_eq!(young["status"], "PROVISIONING");
    let endpoint =
        format!("grpc://127.0.0.1:2136/?database=/ru-central1/b1gcloud000000000000/{database_id}");
    assert_eq!(young["endpoint"], endpoint.as_str());
    let made = world.made(answer).await;
    assert_eq!(made["status"], "RUNNING");
    assert_eq!(
        made["serverlessDatabase"]["storageSizeLimit"],
        "53687091200"
    );
}

#[tokio::test]
async fn deletion_protection_holds_a_delete_until_it_is_off() {
    let world = World::new().await;
    let made = world
        .made(world.post(DATABASES, create("chat")).await)
        .await;
    let path = format!("{DATABASES}/{}", id(&made));
    world
        .delete(&path)
        .await
        .fails(400, 9, "deletion protection");
    let off = json!({ "updateMask": "deletionProtection", "deletionProtection": false });
    let updated = world.made(world.patch(&path, off).await).await;
    assert_eq!(
        (&updated["name"], &updated["deletionProtection"]),
        (&json!("chat"), &json!(false))
    );
    world.done(world.delete(&path).await).await;
    world.get(&path).await.fails(404, 5, "not found");
    let list = world
        .get(&format!("{DATABASES}?folderId={FOLDER}"))
        .await
        .ok();
    assert_eq!(list["databases"], json!([]));
}

#[tokio::test]
async fn a_mask_changes_one_limit_and_no_mask_resets_what_is_left_out() {
    let world = World::new().await;
    let mut request = create("chat");
    request["serverlessDatabase"] =
        json!({ "enableThrottlingRcuLimit": true, "throttlingRcuLimit": "20" });
    let made = world.made(world.post(DATABASES, request).await).await;
    let path = format!("{DATABASES}/{}", id(&made));
    let one = json!({
        "updateMask": "serverlessDatabase.storageSizeLimit",
        "serverlessDatabase": { "storageSizeLimit": "1073741824" },
    });
    let updated = world.made(world.patch(&path, one).await).await;
    let limits = &updated["serverlessDatabase"];
    assert_eq!(limits["storageSizeLimit"], "1073741824");
    assert_eq!(limits["throttlingRcuLimit"], "20");
    let reset = world
        .made(world.patch(&path, json!({ "name": "chat" })).await)
        .await;
    assert_eq!(reset["serverlessDatabase"]["throttlingRcuLimit"], "0");
    assert_eq!(reset["deletionProtection"], false);
    let wrong = json!({ "updateMask": "locationId" });
    world.patch(&path, wrong).await.fails(400, 3, "locationId");
}

#[tokio::test]
async fn the_quota_of_databases_is_told_with_its_numbers() {
    let quotas = BTreeMap::from([("ydb.serverless-databases".to_owned(), 1)]);
    let world = World::with(Options {
        quotas,
        ..Options::default()
    })
    .await;
    world.made(world.post(DATABASES, create("one")).await).await;
    let refused = world.post(DATABASES, create("two")).await;
    refused.fails(429, 8, "ydb.serverless-databases");
    let failure = &refused.body["details"][0];
    assert_eq!(
        failure["@type"],
        "type.googleapis.com/yandex.cloud.quota.QuotaFailure"
    );
    let violation = &failure["violations"][0];
    assert_eq!(violation["metric"]["name"], "ydb.serverless-databases");
    assert_eq!(
        (&violation["metric"]["limit"], &violation["required"]),
        (&json!("1"), &json!("2"))
    );
}

#[tokio::test]
async fn a_name_is_taken_once_in_a_folder_and_only_serverless_exists() {
    let world = World::new().await;
    world
        .made(world.post(DATABASES, create("chat")).await)
        .await;
    world
        .post(DATABASES, create("chat"))
        .await
        .fails(409, 6, "already exists");
    let bare = json!({ "folderId": FOLDER, "name": "x" });
    world
        .post(DATABASES, bare)
        .await
        .fails(400, 3, "serverlessDatabase");
}
