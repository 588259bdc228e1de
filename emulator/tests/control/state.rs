//! A control plane that was left and is loaded again tells the same.

use reqwest::Method;
use serde_json::{Value, json};
use yc_emulator::store::StateFolder;

use crate::harness::{FOLDER, Options, World, id};

const VERSIONS: &str = "/functions/v1/versions";
const GATEWAYS: &str = "/apigateways/v1/apigateways";
const SPEC: &str = r#"{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{}}"#;

async fn world(state: &StateFolder) -> World {
    World::with(Options {
        store: state.store().clone(),
        ..Options::default()
    })
    .await
}

async fn make(world: &World, path: &str, mut body: Value) -> String {
    body["folderId"] = FOLDER.into();
    body["name"] = "kept".into();
    id(&world.made(world.post(path, body).await).await)
}

/// A function with two versions, of which one has a tag that moved.
async fn function(world: &World, account: &str) -> String {
    let function = world.function("kept").await;
    let version = json!({
        "functionId": function, "runtime": "nodejs22", "entrypoint": "index.handler",
        "resources": { "memory": "134217728" }, "content": "UEsFBg==",
        "environment": { "A": "b" }, "serviceAccountId": account,
    });
    for _ in 0..2 {
        let made = world.post(VERSIONS, version.clone()).await;
        let version = id(&world.made(made).await);
        let set = format!("{VERSIONS}/{version}:setTag");
        world
            .made(world.post(&set, json!({ "tag": "live" })).await)
            .await;
    }
    let scale = format!("/functions/v1/functions/{function}:setScalingPolicy");
    let policy = json!({ "tag": "live", "zoneInstancesLimit": "2" });
    world.made(world.post(&scale, policy).await).await;
    bind(
        world,
        Method::POST,
        "functions/v1/functions",
        &function,
        "functions.functionInvoker",
        account,
    )
    .await;
    function
}

async fn bind(
    world: &World,
    method: Method,
    path: &str,
    resource: &str,
    role: &str,
    account: &str,
) {
    let path = format!("/{path}/{resource}:updateAccessBindings");
    let delta = json!({ "accessBindingDeltas": [{ "action": "ADD", "accessBinding": {
        "roleId": role, "subject": { "id": account, "type": "serviceAccount" },
    } }] });
    let changed = world.send(world.request(method, &path).json(&delta)).await;
    world.done(changed).await;
}

/// Makes one of each kind: paths that tell of it.
async fn fill(world: &World) -> Vec<String> {
    let account = make(world, "/iam/v1/serviceAccounts", json!({})).await;
    let key = json!({ "serviceAccountId": account });
    world.post("/iam/v1/keys", key).await.ok();
    bind(
        world,
        Method::POST,
        "resource-manager/v1/folders",
        FOLDER,
        "ydb.editor",
        &account,
    )
    .await;
    make(
        world,
        "/ydb/v1/databases",
        json!({ "serverlessDatabase": {} }),
    )
    .await;
    let function = function(world, &account).await;
    let gateway = make(world, GATEWAYS, json!({ "openapiSpec": SPEC })).await;
    let rule = json!({ "dataStream": {
        "database": "/ru-central1/b1g/etn", "stream": "topic", "serviceAccountId": account,
        "invokeFunction": { "functionId": function },
    } });
    let trigger = make(world, "/triggers/v1/triggers", json!({ "rule": rule })).await;
    let pause = format!("/triggers/v1/triggers/{trigger}:pause");
    world.made(world.post(&pause, json!({})).await).await;
    vec![
        format!("/iam/v1/serviceAccounts?folderId={FOLDER}"),
        format!("/iam/v1/keys?serviceAccountId={account}"),
        format!("/resource-manager/v1/folders/{FOLDER}:listAccessBindings"),
        format!("/ydb/v1/databases?folderId={FOLDER}"),
        format!("/functions/v1/functions?folderId={FOLDER}"),
        format!("/functions/v1/functions/{function}:listAccessBindings"),
        format!("/functions/v1/functions/{function}:tagHistory"),
        format!("/functions/v1/functions/{function}/scalingPolicies"),
        format!("{VERSIONS}?functionId={function}"),
        format!("{GATEWAYS}?folderId={FOLDER}"),
        format!("{GATEWAYS}/{gateway}:spec"),
        format!("/triggers/v1/triggers?folderId={FOLDER}"),
        "/_emulator/operations".to_owned(),
        "/_emulator/state".to_owned(),
    ]
}

/// What is told at the paths, whatever the address of the API is.
async fn told(world: &World, paths: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for path in paths {
        let answer = world.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let text = answer.text().await.unwrap();
        let text = text.replace(&world.api, "API");
        all.push(format!("{path}: {text}"));
    }
    all
}

#[tokio::test]
async fn a_control_plane_that_is_loaded_again_tells_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::open(folder.path()).unwrap();
    let first = world(&state).await;
    let paths = fill(&first).await;
    let before = told(&first, &paths).await;
    drop((first, state));

    let state = StateFolder::open(folder.path()).unwrap();
    let second = world(&state).await;
    for (after, before) in told(&second, &paths).await.iter().zip(&before) {
        assert_eq!(after, before);
    }
    let of_api = format!("{}/invoke/", second.api);
    let functions = second.get(&paths[4]).await.ok();
    let url = functions["functions"][0]["httpInvokeUrl"].as_str().unwrap();
    assert!(url.starts_with(&of_api), "{url}");
}

#[tokio::test]
async fn tokens_stay_good_and_revoked_ones_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::open(folder.path()).unwrap();
    let first = world(&state).await;
    let (_, good) = first.robot("robot", &["viewer"]);
    let (_, revoked) = first.robot("other", &["viewer"]);
    let revoke = json!({ "iamToken": revoked });
    first.post("/iam/v1/tokens:revoke", revoke).await.ok();
    drop((first, state));

    let state = StateFolder::open(folder.path()).unwrap();
    let second = world(&state).await;
    let list = format!("/iam/v1/serviceAccounts?folderId={FOLDER}");
    let ask = async |token: &str| second.as_robot(token, Method::GET, &list, json!({})).await;
    assert_eq!(ask(&good).await.status, 200);
    ask(&revoked).await.fails(401, 16, "invalid");
}
