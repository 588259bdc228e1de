//! Quotas: what is left of them, as the quota manager tells it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use yc_emulator::iam::Resource;

use crate::harness::{CLOUD, FOLDER, OTHER_FOLDER, Options, World, id};

const QUOTAS: &str = "/quota-manager/v1/quotaLimits";
const DATABASES: &str = "ydb.serverless-databases";

#[tokio::test]
async fn limits_are_told_of_the_cloud_and_of_one_service() {
    let world = World::with(Options {
        quotas: BTreeMap::from([(DATABASES.to_owned(), 1)]),
        ..Options::default()
    })
    .await;
    let database = json!({ "folderId": FOLDER, "name": "one", "serverlessDatabase": {} });
    world
        .made(world.post("/ydb/v1/databases", database).await)
        .await;
    let cloud = format!("resource.id={CLOUD}&resource.type=resource-manager.cloud");
    let full = json!({ "quotaId": DATABASES, "limit": 1, "usage": 1 });

    let one = world.get(&format!("{QUOTAS}/{DATABASES}?{cloud}")).await;
    assert_eq!(one.ok(), full);
    let of_service = world
        .get(&format!("{QUOTAS}?{cloud}&service=ydb"))
        .await
        .ok();
    let limits = of_service["quotaLimits"].as_array().unwrap();
    assert!(limits.contains(&full), "{of_service}");
    let of_ydb = |limit: &Value| limit["quotaId"].as_str().unwrap().starts_with("ydb.");
    assert!(limits.iter().all(of_ydb), "{of_service}");
    assert_eq!(of_service["resource"]["id"], CLOUD);
    let of_none = world
        .get(&format!("{QUOTAS}?{cloud}&service=yd"))
        .await
        .ok();
    assert_eq!(of_none["quotaLimits"], json!([]));

    let first = format!("{QUOTAS}?{cloud}&service=serverless&pageSize=1");
    let first = world.get(&first).await.ok();
    assert_eq!(first["quotaLimits"].as_array().unwrap().len(), 1);
    assert_ne!(first["nextPageToken"], "");
}

#[tokio::test]
async fn a_limit_is_always_somebodys() {
    let world = World::new().await;
    let one = format!("{QUOTAS}/{DATABASES}");
    world.get(&one).await.fails(400, 3, "resource.id");
    world
        .get(&format!(
            "{one}?resource.id={FOLDER}&resource.type=resource-manager.folder"
        ))
        .await
        .fails(400, 3, "resource-manager.cloud only");
    let cloud = "resource.type=resource-manager.cloud&resource.id";
    world
        .get(&format!("{one}?{cloud}=b1gelsewhere"))
        .await
        .fails(404, 5, "b1gelsewhere");
    world
        .get(&format!("{QUOTAS}/cats?{cloud}={CLOUD}"))
        .await
        .fails(404, 5, "cats");
    world
        .get(&format!("{QUOTAS}?{cloud}={CLOUD}"))
        .await
        .fails(400, 3, "service");
}

/// A world whose operations never end while a test looks.
async fn busy(quotas: &[(&str, u64)]) -> World {
    let quotas = quotas
        .iter()
        .map(|(name, limit)| ((*name).to_owned(), *limit));
    World::with(Options {
        delay: Duration::from_hours(1),
        quotas: quotas.collect(),
        ..Options::default()
    })
    .await
}

async fn create(world: &World, folder: &str) -> crate::harness::Answer {
    let body = json!({ "folderId": folder });
    world.post("/functions/v1/functions", body).await
}

fn metric(refused: &Value) -> (&Value, &Value, &Value) {
    let violation = &refused["details"][0]["violations"][0];
    let metric = &violation["metric"];
    (&metric["name"], &metric["limit"], &violation["required"])
}

#[tokio::test]
async fn fifteen_operations_run_in_a_folder_and_twenty_in_the_cloud() {
    let world = busy(&[("serverless.functions.count", 100)]).await;
    let other = Resource::folder(OTHER_FOLDER);
    world.iam.grant(&other, "functions.editor", &world.operator);
    for _ in 0..15 {
        create(&world, FOLDER).await.ok();
    }
    let refused = create(&world, FOLDER).await;
    refused.fails(429, 8, "operations-of-folder");
    let name = json!("serverless.functions.operations-of-folder");
    let (limit, required) = (json!("15"), json!("16"));
    assert_eq!(metric(&refused.body), (&name, &limit, &required));

    for _ in 0..5 {
        create(&world, OTHER_FOLDER).await.ok();
    }
    let refused = create(&world, OTHER_FOLDER).await;
    refused.fails(429, 8, "operations-of-cloud");
    // Nothing is left of what was refused.
    let list = format!("/functions/v1/functions?folderId={OTHER_FOLDER}");
    let list = world.get(&list).await.ok();
    assert_eq!(list["functions"].as_array().unwrap().len(), 5);
    // Other services aren't held up.
    let database = json!({ "folderId": FOLDER, "serverlessDatabase": {} });
    world.post("/ydb/v1/databases", database).await.ok();
}

#[tokio::test]
async fn a_function_has_room_for_so_many_operations_and_for_more_when_they_end() {
    let world = World::with(Options {
        delay: Duration::from_millis(500),
        quotas: BTreeMap::from([("serverless.functions.operations-of-function".to_owned(), 1)]),
        ..Options::default()
    })
    .await;
    let function = world.function("chat").await;
    let path = format!("/functions/v1/functions/{function}");
    let update = json!({ "updateMask": "description", "description": "ours" });
    let begun = world.patch(&path, update.clone()).await;
    world
        .patch(&path, update.clone())
        .await
        .fails(429, 8, "operations-of-function");
    let policy = json!({ "tag": "$latest", "zoneInstancesLimit": "1" });
    world
        .post(&format!("{path}:setScalingPolicy"), policy)
        .await
        .fails(429, 8, "operations-of-function");
    assert_eq!(id(&world.made(begun).await), function);
    world.patch(&path, update).await.ok();
}
