//! Operations, idempotency keys, discovery, what isn't implemented.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{FOLDER, Options, World, id};

const FUNCTIONS: &str = "/functions/v1/functions";
const KEY: &str = "0d9a2f2e-3c62-4a2b-9f6e-3f4c1f2a7b10";

#[tokio::test]
async fn an_operation_has_its_metadata_at_once_and_its_response_later() {
    let world = World::with(Options {
        delay: Duration::from_millis(150),
        ..Options::default()
    })
    .await;
    let answer = world
        .post(FUNCTIONS, json!({ "folderId": FOLDER, "name": "chat" }))
        .await;
    assert_eq!(answer.body["done"], false);
    assert!(answer.body.get("response").is_none());
    let metadata = &answer.body["metadata"];
    let metadata_type =
        "type.googleapis.com/yandex.cloud.serverless.functions.v1.CreateFunctionMetadata";
    assert_eq!(metadata["@type"], metadata_type);
    let path = format!("{FUNCTIONS}/{}", metadata["functionId"].as_str().unwrap());
    assert_eq!(world.get(&path).await.ok()["status"], "CREATING");
    world.delete(&path).await.fails(400, 9, "CREATING");
    let operation = world.done(answer).await;
    assert_eq!(operation["createdBy"], world.operator.as_str());
    assert_eq!(operation["response"]["status"], "ACTIVE");
    assert_eq!(world.get(&path).await.ok()["status"], "ACTIVE");
    let operation_path = format!("/operations/{}", id(&operation));
    assert_eq!(
        world.get(&format!("{operation_path}:cancel")).await.ok(),
        operation
    );
    world
        .post(&format!("{operation_path}:cancel"), json!({}))
        .await
        .fails(501, 12, ":cancel");
    world
        .get("/operations/nothing")
        .await
        .fails(404, 5, "nothing");
}

async fn with_key(world: &World, key: &str, body: &Value) -> crate::harness::Answer {
    let request = world
        .request(Method::POST, FUNCTIONS)
        .header("Idempotency-Key", key)
        .json(body);
    world.send(request).await
}

#[tokio::test]
async fn a_known_idempotency_key_replays_its_operation_as_it_stands() {
    let world = World::new().await;
    let body = json!({ "folderId": FOLDER, "name": "chat" });
    let first = world.done(with_key(&world, KEY, &body).await).await;
    let replay = with_key(&world, KEY, &body).await.ok();
    assert_eq!(replay, first, "the same operation, now done");
    let other = json!({ "folderId": FOLDER, "name": "chat2" });
    with_key(&world, KEY, &other)
        .await
        .fails(400, 3, "Idempotency-Key");
    with_key(&world, "no-uuid", &other)
        .await
        .fails(400, 3, "UUID");
    let fresh = "0d9a2f2e-3c62-4a2b-9f6e-3f4c1f2a7b11";
    with_key(&world, fresh, &body)
        .await
        .fails(409, 6, "already exists");
    with_key(&world, fresh, &other).await.ok();
}

#[tokio::test]
async fn two_calls_with_one_key_at_the_same_time_make_one_function() {
    let world = World::new().await;
    let body = json!({ "folderId": FOLDER });
    let (one, two) = tokio::join!(with_key(&world, KEY, &body), with_key(&world, KEY, &body));
    assert_eq!(id(&one.ok()), id(&two.ok()));
    let list = world
        .get(&format!("{FUNCTIONS}?folderId={FOLDER}"))
        .await
        .ok();
    assert_eq!(list["functions"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_key_belongs_to_the_account_that_sent_it() {
    let world = World::new().await;
    let (_, token) = world.robot("robot", &["functions.admin"]);
    let body = json!({ "folderId": FOLDER });
    let mine = id(&with_key(&world, KEY, &body).await.ok());
    let request = reqwest::Client::new()
        .post(format!("{}{FUNCTIONS}", world.api))
        .bearer_auth(token)
        .header("Idempotency-Key", KEY)
        .json(&body);
    assert_ne!(id(&world.send(request).await.ok()), mine);
}

#[tokio::test]
async fn discovery_needs_no_token_and_points_here() {
    let world = World::new().await;
    let client = reqwest::Client::new();
    let list = world
        .send(client.get(format!("{}/endpoints", world.api)))
        .await
        .ok();
    let here = world.api.strip_prefix("http://").unwrap();
    let endpoints = list["endpoints"].as_array().unwrap();
    for wanted in [
        "iam",
        "ydb",
        "operation",
        "serverless-triggers",
        "apigateway-connections",
    ] {
        let found = endpoints
            .iter()
            .find(|endpoint| endpoint["id"] == wanted)
            .unwrap();
        assert_eq!(found["address"], here);
    }
    let one = world
        .send(client.get(format!("{}/endpoints/ydb", world.api)))
        .await
        .ok();
    assert_eq!(one["address"], here);
    world
        .send(client.get(format!("{}/endpoints/cats", world.api)))
        .await
        .fails(404, 5, "cats");
}

#[tokio::test]
async fn what_is_not_implemented_says_so_by_name() {
    let world = World::new().await;
    let start = "/ydb/v1/databases/etn1:start";
    world
        .post(start, json!({}))
        .await
        .fails(501, 12, "POST /ydb/v1/databases/etn1:start");
    world.get("/iam/v1/apiKeys").await.fails(501, 12, "apiKeys");
    let update = "/apigateways/v1/apigateways/d5d1:updateAccessBindings";
    world
        .post(update, json!({}))
        .await
        .fails(501, 12, "updateAccessBindings");
    world.get("/nowhere/v1").await.fails(404, 5, "/nowhere/v1");
}

#[tokio::test]
async fn failures_carry_the_id_of_their_call() {
    let world = World::new().await;
    let request = world
        .request(Method::GET, "/operations/nothing")
        .header("x-request-id", "abc");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "abc");
    let body: Value = response.json().await.unwrap();
    let info = &body["details"][0];
    assert_eq!(info["@type"], "type.googleapis.com/google.rpc.RequestInfo");
    assert_eq!(info["requestId"], "abc");
}
