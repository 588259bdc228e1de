//! Functions, versions, tags, scaling.

use base64::Engine;
use serde_json::{Value, json};

use crate::harness::{FOLDER, World, id};

const FUNCTIONS: &str = "/functions/v1/functions";
const VERSIONS: &str = "/functions/v1/versions";

fn version(function_id: &str) -> Value {
    json!({
        "functionId": function_id,
        "runtime": "nodejs22",
        "entrypoint": "index.handler",
        "resources": { "memory": "268435456" },
        "executionTimeout": "30s",
        "concurrency": "16",
        "content": base64::engine::general_purpose::STANDARD.encode("zip"),
    })
}

async fn new_version(world: &World, function_id: &str) -> String {
    id(&world
        .made(world.post(VERSIONS, version(function_id)).await)
        .await)
}

async fn by_tag(world: &World, function_id: &str, tag: &str) -> Value {
    world
        .get(&format!(
            "{VERSIONS}:byTag?functionId={function_id}&tag={tag}"
        ))
        .await
        .ok()
}

#[tokio::test]
async fn latest_follows_the_newest_version_and_other_tags_move_by_hand() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let missing = format!("{VERSIONS}:byTag?functionId={function}&tag=%24latest");
    world.get(&missing).await.fails(404, 5, "$latest");
    let one = new_version(&world, &function).await;
    let live = json!({ "tag": "live" });
    let set = format!("{VERSIONS}/{one}:setTag");
    let tagged = world.made(world.post(&set, live.clone()).await).await;
    assert_eq!(tagged["tags"], json!(["$latest", "live"]));
    let two = new_version(&world, &function).await;
    assert_eq!(id(&by_tag(&world, &function, "%24latest").await), two);
    assert_eq!(id(&by_tag(&world, &function, "live").await), one);
    world
        .made(
            world
                .post(&format!("{VERSIONS}/{two}:setTag"), live.clone())
                .await,
        )
        .await;
    assert_eq!(
        world.get(&format!("{VERSIONS}/{one}")).await.ok()["tags"],
        json!([])
    );
    let listed = world
        .get(&format!("{VERSIONS}?functionId={function}"))
        .await
        .ok();
    let ids: Vec<String> = listed["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(id)
        .collect();
    assert_eq!(ids, [two.clone(), one], "newest first");
    let history = world
        .get(&format!("{FUNCTIONS}/{function}:tagHistory"))
        .await
        .ok();
    assert_eq!(
        history["functionTagHistoryRecord"].as_array().map(Vec::len),
        Some(4)
    );
    world
        .made(
            world
                .post(&format!("{VERSIONS}/{two}:removeTag"), live)
                .await,
        )
        .await;
    let gone = format!("{VERSIONS}:byTag?functionId={function}&tag=live");
    world.get(&gone).await.fails(404, 5, "live");
}

#[tokio::test]
async fn a_tagged_version_goes_by_force_only_and_the_latest_not_at_all() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let one = new_version(&world, &function).await;
    world
        .delete(&format!("{VERSIONS}/{one}?force=true"))
        .await
        .fails(400, 9, "$latest");
    let set = format!("{VERSIONS}/{one}:setTag");
    world
        .made(world.post(&set, json!({ "tag": "live" })).await)
        .await;
    new_version(&world, &function).await;
    world
        .delete(&format!("{VERSIONS}/{one}"))
        .await
        .fails(400, 9, "live");
    let deleted = world
        .done(world.delete(&format!("{VERSIONS}/{one}?force=true")).await)
        .await;
    assert_eq!(deleted["metadata"]["functionVersionId"], one.as_str());
    world
        .get(&format!("{VERSIONS}/{one}"))
        .await
        .fails(404, 5, &one);
    world
        .post(&set, json!({ "tag": "$latest" }))
        .await
        .fails(400, 3, "tag");
}

#[tokio::test]
async fn the_limits_of_a_version_are_checked_together() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let mut bad = version(&function);
    bad["resources"]["memory"] = json!("134217729");
    bad["executionTimeout"] = json!("601s");
    bad["concurrency"] = json!("17");
    bad["environment"] = json!({ "PATH": "x", "9": "y" });
    let answer = world.post(VERSIONS, bad).await;
    for field in [
        "resources.memory",
        "execution_timeout",
        "concurrency",
        "environment",
    ] {
        answer.fails(400, 3, &format!("\n - {field}: "));
    }
    let mut large = version(&function);
    let archive = vec![0; 3_670_017];
    large["content"] = json!(base64::engine::general_purpose::STANDARD.encode(archive));
    world.post(VERSIONS, large).await.fails(400, 3, "3670016");
    let mut environment = version(&function);
    environment["environment"] = json!({ "KEY": "v".repeat(4094) });
    world
        .post(VERSIONS, environment)
        .await
        .fails(400, 3, "4096 bytes together");
    let mut none = version(&function);
    none.as_object_mut().unwrap().remove("content");
    world
        .post(VERSIONS, none)
        .await
        .fails(400, 3, "package_source");
}

#[tokio::test]
async fn a_version_cant_be_changed_and_shows_nothing_of_its_archive() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let id = new_version(&world, &function).await;
    let path = format!("{VERSIONS}/{id}");
    let update = json!({ "updateMask": "description", "description": "ours" });
    world.patch(&path, update).await.fails(501, 12, "PATCH");
    let shown = world.get(&path).await.ok();
    for field in ["content", "package", "sha256", "hash"] {
        assert!(shown.get(field).is_none(), "{field}");
    }
}

#[tokio::test]
async fn a_copied_version_needs_no_upload() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let one = new_version(&world, &function).await;
    let mut copy = version(&function);
    copy.as_object_mut().unwrap().remove("content");
    copy["versionId"] = json!(one);
    let made = world.made(world.post(VERSIONS, copy).await).await;
    assert_eq!(made["imageSize"], "3");
}

#[tokio::test]
async fn a_function_has_ten_tags_at_most() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let mut request = version(&function);
    let tags: Vec<String> = (0..10).map(|number| format!("t{number}")).collect();
    request["tag"] = json!(tags);
    let made = world.made(world.post(VERSIONS, request).await).await;
    let set = format!("{VERSIONS}/{}:setTag", id(&made));
    world.post(&set, json!({ "tag": "t3" })).await.ok();
    world
        .post(&set, json!({ "tag": "eleventh" }))
        .await
        .fails(429, 8, "tags");
}

#[tokio::test]
async fn names_are_unique_in_the_folder_and_ten_functions_fit() {
    let world = World::new().await;
    let function = world.function("chat-0").await;
    let again = json!({ "folderId": FOLDER, "name": "chat-0" });
    world
        .post(FUNCTIONS, again)
        .await
        .fails(409, 6, "already exists");
    for number in 1..10 {
        world.function(&format!("chat-{number}")).await;
    }
    let more = json!({ "folderId": FOLDER, "name": "chat-10" });
    world
        .post(FUNCTIONS, more)
        .await
        .fails(429, 8, "serverless.functions.count");
    let rename = json!({ "updateMask": "name", "name": "chat-1" });
    let path = format!("{FUNCTIONS}/{function}");
    world
        .patch(&path, rename)
        .await
        .fails(409, 6, "already exists");
    let pages = world
        .get(&format!("{FUNCTIONS}?folderId={FOLDER}&pageSize=7"))
        .await
        .ok();
    let token = pages["nextPageToken"].as_str().unwrap();
    let last = world
        .get(&format!(
            "{FUNCTIONS}?folderId={FOLDER}&pageSize=7&pageToken={token}"
        ))
        .await
        .ok();
    assert_eq!(last["functions"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn scaling_policies_come_and_go_and_everything_goes_with_the_function() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let one = new_version(&world, &function).await;
    let path = format!("{FUNCTIONS}/{function}");
    let policy = json!({ "tag": "$latest", "zoneInstancesLimit": "2" });
    world
        .made(
            world
                .post(&format!("{path}:setScalingPolicy"), policy)
                .await,
        )
        .await;
    let policies = world.get(&format!("{path}/scalingPolicies")).await.ok();
    assert_eq!(policies["scalingPolicies"][0]["zoneInstancesLimit"], "2");
    let remove = json!({ "tag": "live" });
    world
        .post(&format!("{path}:removeScalingPolicy"), remove)
        .await
        .fails(404, 5, "live");
    let remove = json!({ "tag": "$latest" });
    let removed = world
        .post(&format!("{path}:removeScalingPolicy"), remove)
        .await;
    world.done(removed).await;
    let policies = world.get(&format!("{path}/scalingPolicies")).await.ok();
    assert_eq!(policies["scalingPolicies"], json!([]));
    world.done(world.delete(&path).await).await;
    world
        .get(&format!("{VERSIONS}/{one}"))
        .await
        .fails(404, 5, &one);
    world.get(&path).await.fails(404, 5, &function);
}

#[tokio::test]
async fn a_function_may_be_public_and_its_bindings_end_empty() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let path = format!("{FUNCTIONS}/{function}");
    let public = json!({ "accessBindingDeltas": [{ "action": "ADD", "accessBinding": {
        "roleId": "serverless.functions.invoker",
        "subject": { "id": "allUsers", "type": "system" },
    } }] });
    let operation = world
        .done(
            world
                .post(&format!("{path}:updateAccessBindings"), public)
                .await,
        )
        .await;
    assert_eq!(
        operation["response"]["@type"],
        "type.googleapis.com/google.protobuf.Empty"
    );
    let listed = world.get(&format!("{path}:listAccessBindings")).await.ok();
    assert_eq!(listed["accessBindings"][0]["subject"]["id"], "allUsers");
}

#[tokio::test]
async fn versions_are_listed_by_their_status_and_by_their_runtime() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let one = new_version(&world, &function).await;
    let list = format!("{VERSIONS}?functionId={function}");
    for (filter, found) in [
        ("status%3D%22ACTIVE%22", true),
        ("status%3D%22OBSOLETE%22", false),
        ("runtime%3D%22nodejs22%22", true),
        ("runtime%3D%22python312%22", false),
    ] {
        let listed = world.get(&format!("{list}&filter={filter}")).await.ok();
        let listed = listed["versions"].as_array().cloned().unwrap_or_default();
        let ids: Vec<String> = listed.iter().map(id).collect();
        let expected = if found { vec![one.clone()] } else { Vec::new() };
        assert_eq!(ids, expected, "{filter}");
    }
    world
        .get(&format!("{list}&filter=name%3D%22a%22"))
        .await
        .fails(400, 3, "isn't supported here");
}

#[tokio::test]
async fn the_runtimes_are_those_that_a_version_may_have() {
    let world = World::new().await;
    let runtimes = world.get("/functions/v1/runtimes").await.ok();
    assert_eq!(runtimes, json!({ "runtimes": ["nodejs22"] }));
    let function = world.function("chat").await;
    let mut other = version(&function);
    other["runtime"] = json!("python312");
    world.post(VERSIONS, other).await.fails(400, 3, "runtime");
}

#[tokio::test]
async fn what_a_version_can_have_but_not_here_is_refused_by_name() {
    let world = World::new().await;
    let function = world.function("chat").await;
    for (field, value) in [
        (
            "secrets",
            json!([{ "id": "e6q", "key": "k", "environmentVariable": "V" }]),
        ),
        ("connectivity", json!({ "networkId": "enp" })),
        ("tmpfsSize", json!("1048576")),
        ("asyncInvocationConfig", json!({ "retriesCount": "1" })),
    ] {
        let mut request = version(&function);
        request[field] = value;
        world.post(VERSIONS, request).await.fails(501, 12, field);
    }
    let mut stored = version(&function);
    stored.as_object_mut().unwrap().remove("content");
    stored["package"] = json!({ "bucketName": "b", "objectName": "o" });
    world.post(VERSIONS, stored).await.fails(501, 12, "package");
}

#[tokio::test]
async fn two_provisioned_instances_fit_the_cloud() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let set = format!("{FUNCTIONS}/{function}:setScalingPolicy");
    let policy = |tag: &str, count: &str| json!({ "tag": tag, "provisionedInstancesCount": count });
    world
        .made(world.post(&set, policy("live", "1")).await)
        .await;
    world
        .post(&set, policy("$latest", "2"))
        .await
        .fails(429, 8, "provisioned-instances");
    world
        .made(world.post(&set, policy("live", "2")).await)
        .await;
}
