//! What every kind of resource has: reading, lists, operations, bindings.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{FOLDER, World, id};

/// One resource of each kind that is made over REST.
struct Kind {
    /// Where the kind is listed, below a folder.
    collection: &'static str,
    /// The key of the list.
    plural: &'static str,
    /// The one that was made.
    id: String,
}

impl Kind {
    fn path(&self) -> String {
        format!("{}/{}", self.collection, self.id)
    }
}

async fn make(
    world: &World,
    collection: &'static str,
    plural: &'static str,
    request: &Value,
) -> Kind {
    let mut body = json!({ "folderId": FOLDER, "name": "chat" });
    for (field, value) in request.as_object().into_iter().flatten() {
        body[field] = value.clone();
    }
    let made = world.made(world.post(collection, body).await).await;
    let id = id(&made);
    Kind {
        collection,
        plural,
        id,
    }
}

async fn kinds(world: &World) -> [Kind; 4] {
    let account = make(
        world,
        "/iam/v1/serviceAccounts",
        "serviceAccounts",
        &json!({}),
    )
    .await;
    let function = make(world, "/functions/v1/functions", "functions", &json!({})).await;
    let integration = json!({
        "type": "cloud_functions", "function_id": function.id, "service_account_id": account.id,
    });
    let spec = json!({ "openapi": "3.0.0", "paths": { "/ws": {
        "x-yc-apigateway-websocket-message": { "x-yc-apigateway-integration": integration },
    } } });
    let spec = json!({ "openapiSpec": spec.to_string() });
    let gateway = make(world, "/apigateways/v1/apigateways", "apiGateways", &spec).await;
    let rule = json!({ "rule": { "dataStream": {
        "database": "/ru-central1/b1g/etn", "stream": "broadcast-topic",
        "serviceAccountId": account.id,
        "gatewayWebsocketBroadcast": {
            "gatewayId": gateway.id, "path": "/ws", "serviceAccountId": account.id,
        },
    } } });
    let trigger = make(world, "/triggers/v1/triggers", "triggers", &rule).await;
    [account, function, gateway, trigger]
}

#[tokio::test]
async fn each_kind_is_read_listed_and_told_with_its_operations() {
    let world = World::new().await;
    for kind in kinds(&world).await {
        let one = world.get(&kind.path()).await.ok();
        assert_eq!(
            (&one["id"], &one["folderId"], &one["name"]),
            (&json!(kind.id), &json!(FOLDER), &json!("chat"))
        );
        let list = format!("{}?folderId={FOLDER}", kind.collection);
        let list = world.get(&list).await.ok();
        let listed = list[kind.plural].as_array().unwrap();
        assert!(listed.contains(&one), "{one} isn't in {list}");
        let operations = format!("{}/operations", kind.path());
        let operations = world.get(&operations).await.ok();
        let created = &operations["operations"][0];
        assert_eq!(
            (&created["done"], &created["response"]["id"]),
            (&json!(true), &json!(kind.id)),
            "{operations}"
        );
    }
}

#[tokio::test]
async fn folders_are_listed_and_tell_their_operations() {
    let world = World::new().await;
    let folders = "/resource-manager/v1/folders";
    let folder = world.get(&format!("{folders}/{FOLDER}")).await.ok();
    let cloud = folder["cloudId"].as_str().unwrap();
    let list = world.get(&format!("{folders}?cloudId={cloud}")).await.ok();
    assert!(list["folders"].as_array().unwrap().contains(&folder));

    let binding = binding(&world);
    let deltas = json!({ "accessBindingDeltas": [{ "action": "ADD", "accessBinding": binding }] });
    let path = format!("{folders}/{FOLDER}");
    let granted = world
        .done(
            world
                .post(&format!("{path}:updateAccessBindings"), deltas)
                .await,
        )
        .await;
    let operations = world.get(&format!("{path}/operations")).await.ok();
    assert_eq!(operations["operations"][0], granted);
}

#[tokio::test]
async fn keys_are_read_and_listed_without_their_secrets() {
    let world = World::new().await;
    let keys = "/iam/v1/keys";
    let (robot, _) = world.robot("robot", &[]);
    let made = world
        .post(keys, json!({ "serviceAccountId": robot }))
        .await
        .ok();
    assert!(made["privateKey"].is_string());
    let key = &made["key"];
    let path = format!("{keys}/{}", id(key));
    assert_eq!(world.get(&path).await.ok(), *key);
    let list = format!("{keys}?serviceAccountId={robot}");
    let list = world.get(&list).await.ok();
    assert_eq!(list["keys"], json!([key]));
}

/// A new account, and a binding that lets it look.
fn binding(world: &World) -> Value {
    let (robot, _) = world.robot("robot", &[]);
    let subject = json!({ "id": robot, "type": "serviceAccount" });
    json!({ "roleId": "viewer", "subject": subject })
}

#[tokio::test]
async fn bindings_of_each_kind_are_set_changed_and_listed() {
    let world = World::new().await;
    let [account, function, gateway, _] = kinds(&world).await;
    let binding = binding(&world);
    let (_, admin) = world.robot("admin", &["admin"]);
    let send = async |method, path: String, body| world.as_robot(&admin, method, &path, body).await;
    for kind in [account, function, gateway] {
        let path = kind.path();
        let list = format!("{path}:listAccessBindings");
        let set = json!({ "accessBindings": [binding] });
        let answer = send(Method::POST, format!("{path}:setAccessBindings"), set).await;
        world.done(answer).await;
        let held = send(Method::GET, list.clone(), Value::Null).await.ok();
        assert_eq!(held["accessBindings"], json!([binding]), "{path}");

        let mut other = binding.clone();
        other["roleId"] = json!("editor");
        let deltas = json!({ "accessBindingDeltas": [
            { "action": "ADD", "accessBinding": other },
            { "action": "REMOVE", "accessBinding": binding },
        ] });
        // A PATCH for gateways only, by the proto file.
        let method = match kind.plural {
            "apiGateways" => Method::PATCH,
            _ => Method::POST,
        };
        let answer = send(method, format!("{path}:updateAccessBindings"), deltas).await;
        world.done(answer).await;
        let held = send(Method::GET, list, Value::Null).await.ok();
        assert_eq!(held["accessBindings"], json!([other]), "{path}");
    }
}
