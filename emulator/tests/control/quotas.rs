//! Quotas: what is left of them, as the quota manager tells it.

use std::collections::BTreeMap;

use serde_json::json;

use crate::harness::{CLOUD, FOLDER, Options, World};

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
    assert_eq!(of_service["quotaLimits"], json!([full]));
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
