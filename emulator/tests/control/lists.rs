//! Pages and filters of lists, and what of a resource an update replaces.

use serde_json::{Value, json};

use crate::harness::{FOLDER, World};

const FUNCTIONS: &str = "/functions/v1/functions";

fn names(list: &Value, key: &str, field: &str) -> Vec<String> {
    let items = list[key].as_array().unwrap();
    let text = |item: &Value| item[field].as_str().unwrap().to_owned();
    items.iter().map(text).collect()
}

#[tokio::test]
async fn pages_hold_every_function_once() {
    let world = World::new().await;
    for name in ["one", "two", "three"] {
        world.function(name).await;
    }
    let mut token = String::new();
    let mut seen = Vec::new();
    loop {
        let path = format!("{FUNCTIONS}?folderId={FOLDER}&pageSize=2&pageToken={token}");
        let page = world.get(&path).await.ok();
        seen.extend(names(&page, "functions", "name"));
        token = page["nextPageToken"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break;
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, ["one", "three", "two"]);
}

#[tokio::test]
async fn a_page_has_its_limits() {
    let world = World::new().await;
    let list = format!("{FUNCTIONS}?folderId={FOLDER}");
    for (parameter, field) in [
        ("pageSize=1001".to_owned(), "page_size"),
        ("pageSize=-1".to_owned(), "page_size"),
        ("pageSize=many".to_owned(), "page_size"),
        (format!("pageToken={}", "a".repeat(101)), "page_token"),
    ] {
        let refused = world.get(&format!("{list}&{parameter}")).await;
        refused.fails(400, 3, field);
    }
    world.get(&format!("{list}&pageSize=0")).await.ok();
}

#[tokio::test]
async fn unknown_parameters_are_refused_before_anything_happens() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let path = format!("{FUNCTIONS}/{function}");
    for query in ["page_size=5", "tag=live"] {
        let list = format!("{FUNCTIONS}?folderId={FOLDER}&{query}");
        let (name, _) = query.split_once('=').unwrap();
        world.get(&list).await.fails(400, 3, name);
    }
    let update = json!({ "updateMask": "name", "name": "lobby" });
    let masked = format!("{path}?updateMask=name");
    world
        .patch(&masked, update)
        .await
        .fails(400, 3, "updateMask");
    let forced = format!("{path}?force=true");
    world.delete(&forced).await.fails(400, 3, "force");
    assert_eq!(world.get(&path).await.ok()["name"], "chat");
}

#[tokio::test]
async fn operations_are_filtered_where_the_cloud_filters_them() {
    let world = World::new().await;
    let function = world.function("chat").await;
    let path = format!("{FUNCTIONS}/{function}");
    let renamed = json!({ "updateMask": "name", "name": "lobby" });
    world.made(world.patch(&path, renamed).await).await;
    let list = format!("{path}/operations");
    let all = world.get(&list).await.ok();
    let described = names(&all, "operations", "description");
    assert_eq!(described, ["Update function", "Create function"]);

    let running = world.get(&format!("{list}?filter=done%3Dfalse")).await.ok();
    assert_eq!(running["operations"], json!([]));
    let ended = world.get(&format!("{list}?filter=done%3Dtrue")).await.ok();
    assert_eq!(ended["operations"], all["operations"]);
    let by = format!("created_by%3D%22{}%22", world.operator);
    let own = world.get(&format!("{list}?filter={by}")).await.ok();
    assert_eq!(own["operations"], all["operations"]);
    world
        .get(&format!("{list}?filter=id%3D%22a%22"))
        .await
        .fails(400, 3, "created_by");

    let of_account = format!("/iam/v1/serviceAccounts/{}/operations", world.operator);
    world
        .get(&format!("{of_account}?filter=done%3Dtrue"))
        .await
        .fails(400, 3, "no filter");
}

#[tokio::test]
async fn without_a_mask_what_is_left_out_is_reset() {
    let world = World::new().await;
    let (account, _) = world.robot("robot", &[]);
    let function = world.function("chat").await;
    for (path, name) in [
        (format!("{FUNCTIONS}/{function}"), "chat"),
        (format!("/iam/v1/serviceAccounts/{account}"), "robot"),
    ] {
        let full = json!({ "name": name, "description": "ours", "labels": { "a": "1" } });
        let updated = world.made(world.patch(&path, full).await).await;
        assert_eq!(updated["description"], "ours");
        let bare = json!({ "name": name });
        let updated = world.made(world.patch(&path, bare).await).await;
        assert_eq!(updated["description"], "");
        assert!(
            updated
                .get("labels")
                .is_none_or(|labels| *labels == json!({}))
        );
        assert_eq!(updated["name"], name);
    }
}

#[tokio::test]
async fn labels_are_replaced_whole() {
    let world = World::new().await;
    let (account, _) = world.robot("robot", &[]);
    let function = world.function("chat").await;
    for (path, name) in [
        (format!("{FUNCTIONS}/{function}"), "chat"),
        (format!("/iam/v1/serviceAccounts/{account}"), "robot"),
    ] {
        for labels in [json!({ "a": "1", "b": "2" }), json!({ "b": "3" })] {
            // An account's name is required whatever the mask says.
            let update = json!({ "updateMask": "labels", "name": name, "labels": labels });
            let updated = world.made(world.patch(&path, update).await).await;
            assert_eq!(updated["labels"], labels);
            assert_eq!(updated["name"], name);
        }
        // One label can't be named in a mask.
        let update = json!({ "updateMask": "labels.b", "name": name });
        world.patch(&path, update).await.fails(400, 3, "labels.b");
    }
}
