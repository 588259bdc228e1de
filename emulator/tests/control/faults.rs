//! Recorded requests, fault rules and the state page.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{FOLDER, World};

const FUNCTIONS: &str = "/functions/v1/functions";

async fn set(world: &World, rule: Value) {
    let url = format!("{}/_emulator/faults", world.api);
    let response = reqwest::Client::new()
        .put(url)
        .json(&json!([rule]))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}

async fn own_page(world: &World, page: &str) -> Value {
    reqwest::get(format!("{}/_emulator/{page}", world.api))
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

fn create(world: &World, name: &str) -> reqwest::RequestBuilder {
    let body = json!({ "folderId": FOLDER, "name": name });
    world.request(Method::POST, FUNCTIONS).json(&body)
}

async fn count(world: &World) -> usize {
    own_page(world, "state").await["functions"]
        .as_array()
        .map_or(0, Vec::len)
}

fn rule(phase: &str, action: &Value) -> Value {
    json!({ "method": "POST", "path": "/functions/*", "phase": phase, "action": action })
}

#[tokio::test]
async fn a_cut_before_leaves_nothing_and_a_cut_after_leaves_the_function() {
    let world = World::new().await;
    set(&world, rule("before", &json!({ "cut": {} }))).await;
    assert!(create(&world, "one").send().await.is_err());
    assert_eq!(count(&world).await, 0);
    set(&world, rule("after", &json!({ "cut": {} }))).await;
    assert!(create(&world, "two").send().await.is_err());
    assert_eq!(count(&world).await, 1);
    create(&world, "three").send().await.unwrap();
    assert_eq!(own_page(&world, "faults").await[0]["hits"], 1);
}

#[tokio::test]
async fn a_held_call_is_cut_when_the_rules_go() {
    let world = World::new().await;
    for (phase, left) in [("before", 0), ("after", 1)] {
        set(&world, rule(phase, &json!({ "hang": {} }))).await;
        let held = tokio::spawn(create(&world, "chat").send());
        while own_page(&world, "faults").await[0]["hits"] != 1 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert!(!held.is_finished());
        assert_eq!(count(&world).await, left);
        let url = format!("{}/_emulator/faults", world.api);
        reqwest::Client::new().delete(url).send().await.unwrap();
        assert!(held.await.unwrap().is_err());
        assert_eq!(own_page(&world, "faults").await, json!([]));
    }
}

#[tokio::test]
async fn an_injected_status_comes_at_the_nth_call_of_its_subject() {
    let world = World::new().await;
    let mut second = rule("before", &json!({ "status": 503 }));
    second["nth"] = json!(2);
    second["subject"] = json!(world.operator);
    set(&world, second).await;
    world.send(create(&world, "one")).await.ok();
    world
        .send(create(&world, "two"))
        .await
        .fails(503, 14, "fault rule");
    world.send(create(&world, "two")).await.ok();
    let mut stranger = rule("before", &json!({ "status": 503 }));
    stranger["subject"] = json!("aje0");
    set(&world, stranger).await;
    world.send(create(&world, "four")).await.ok();
}

#[tokio::test]
async fn a_delayed_call_is_late_but_good() {
    let world = World::new().await;
    set(&world, rule("after", &json!({ "delayMs": 60 }))).await;
    let started = std::time::Instant::now();
    world.send(create(&world, "one")).await.ok();
    assert!(started.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn a_call_that_was_applied_fails_all_the_same() {
    let world = World::new().await;
    set(&world, rule("after", &json!({ "status": 500 }))).await;
    let failed = world.send(create(&world, "one")).await;
    failed.fails(500, 13, "fault rule");
    assert_eq!(count(&world).await, 1);
}

#[tokio::test]
async fn a_doubled_call_is_carried_out_twice_and_answered_once() {
    let world = World::new().await;
    set(&world, rule("before", &json!({ "duplicate": {} }))).await;
    // The second one finds the first one's name taken.
    world
        .send(create(&world, "one"))
        .await
        .fails(409, 6, "already exists");
    assert_eq!(count(&world).await, 1);
    set(&world, rule("before", &json!({ "duplicate": {} }))).await;
    let key = "0d9a2f2e-3c62-4a2b-9f6e-3f4c1f2a7b11";
    let twice = create(&world, "two").header("Idempotency-Key", key);
    world.send(twice).await.ok();
    assert_eq!(count(&world).await, 2);
}

#[tokio::test]
async fn an_answer_ends_early_as_if_whole_or_with_its_connection() {
    let world = World::new().await;
    let truncate = |end: &str| rule("after", &json!({ "truncate": { "after": 7, "end": end } }));
    set(&world, truncate("clean")).await;
    let short = create(&world, "one").send().await.unwrap();
    assert_eq!(short.text().await.unwrap().len(), 7);
    set(&world, truncate("cut")).await;
    let broken = create(&world, "two").send().await.unwrap();
    assert_eq!(broken.status(), 200);
    assert!(broken.content_length().unwrap() > 7);
    broken.text().await.unwrap_err();
    assert_eq!(count(&world).await, 2);
}

#[tokio::test]
async fn a_rule_with_a_condition_spares_other_requests() {
    let world = World::new().await;
    let mut named = rule("before", &json!({ "status": 503 }));
    named["when"] = json!({ "json": { "pointer": "/name", "equals": "two" } });
    set(&world, named).await;
    world.send(create(&world, "one")).await.ok();
    let struck = world.send(create(&world, "two")).await;
    struck.fails(503, 14, "fault rule");
    let key = "0d9a2f2e-3c62-4a2b-9f6e-3f4c1f2a7b12";
    let mut keyed = rule("before", &json!({ "status": 503 }));
    keyed["when"] = json!({ "header": { "name": "idempotency-key", "equals": key } });
    set(&world, keyed).await;
    world.send(create(&world, "three")).await.ok();
    let struck = create(&world, "four").header("Idempotency-Key", key);
    world.send(struck).await.fails(503, 14, "fault rule");
}

#[tokio::test]
async fn bad_rules_are_refused_and_the_old_ones_stay() {
    let world = World::new().await;
    set(&world, rule("before", &json!({ "status": 503 }))).await;
    let url = format!("{}/_emulator/faults", world.api);
    for (bad, words) in [
        (rule("during", &json!({ "cut": {} })), "during"),
        (
            rule("before", &json!({ "drop": {} })),
            "can't take the action drop",
        ),
        (
            json!({ "path": "*", "action": { "cut": {} } }),
            "missing field `method`",
        ),
    ] {
        let client = reqwest::Client::new();
        let refused = client.put(&url).json(&json!([bad])).send().await.unwrap();
        assert_eq!(refused.status(), 400);
        let body: Value = refused.json().await.unwrap();
        let message = body["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(own_page(&world, "faults").await[0]["hits"], 0);
    world
        .send(create(&world, "one"))
        .await
        .fails(503, 14, "fault rule");
}

#[tokio::test]
async fn requests_are_recorded_in_order_with_who_and_what() {
    let world = World::new().await;
    let key = "0d9a2f2e-3c62-4a2b-9f6e-3f4c1f2a7b10";
    world
        .send(create(&world, "chat").header("Idempotency-Key", key))
        .await
        .ok();
    world
        .get(&format!("{FUNCTIONS}?folderId={FOLDER}"))
        .await
        .ok();
    let records = own_page(&world, &format!("requests?subject={}", world.operator)).await;
    let [made, listed] = records.as_array().unwrap().as_slice() else {
        panic!("{records}")
    };
    assert_eq!(
        (&made["method"], &made["path"]),
        (&json!("POST"), &json!(FUNCTIONS))
    );
    assert_eq!(
        (&made["mutating"], &listed["mutating"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        (&made["status"], &made["idempotencyKey"]),
        (&json!(200), &json!(key))
    );
    assert_eq!(made["requestBody"]["name"], "chat");
    assert!(made["responseBody"]["id"].is_string());
    assert_eq!(listed["query"], format!("folderId={FOLDER}"));
    assert!(made["sequence"].as_u64() < listed["sequence"].as_u64());
    assert_eq!(own_page(&world, "requests?subject=aje0").await, json!([]));
}

#[tokio::test]
async fn the_clock_can_be_advanced() {
    let world = World::new().await;
    let url = format!("{}/_emulator/clock", world.api);
    let body = json!({ "advance": "13h" });
    reqwest::Client::new()
        .put(url)
        .json(&body)
        .send()
        .await
        .unwrap();
    world
        .get(&format!("{FUNCTIONS}?folderId={FOLDER}"))
        .await
        .fails(401, 16, "expired");
}

#[tokio::test]
async fn what_is_young_is_hidden_until_it_is_old_enough() {
    let world = World::new().await;
    let operation = create(&world, "young").send().await.unwrap();
    let operation: Value = operation.json().await.unwrap();
    let one = format!(
        "{FUNCTIONS}/{}",
        operation["metadata"]["functionId"].as_str().unwrap()
    );
    let list = format!("{FUNCTIONS}?folderId={FOLDER}");
    let sees = async |path: &str| {
        let answer = world.request(Method::GET, path).send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        (status, body["functions"].as_array().map_or(0, Vec::len))
    };
    assert_eq!((sees(&one).await, sees(&list).await), ((200, 0), (200, 1)));
    let hidden = json!({ "method": "GET", "path": "/functions/v1/functions*", "times": 0,
        "phase": "after", "action": { "hideMs": 30_000 } });
    set(&world, hidden).await;
    assert_eq!((sees(&one).await, sees(&list).await), ((404, 0), (200, 0)));
    let clock = format!("{}/_emulator/clock", world.api);
    let later = reqwest::Client::new()
        .put(clock)
        .json(&json!({ "advance": "31s" }));
    assert!(later.send().await.unwrap().status().is_success());
    assert_eq!((sees(&one).await, sees(&list).await), ((200, 0), (200, 1)));
}

#[tokio::test]
async fn an_answer_is_patched() {
    let world = World::new().await;
    let patch = json!({ "done": false, "response": null, "metadata": { "functionId": "x" } });
    set(&world, rule("after", &json!({ "patch": patch }))).await;
    let operation = create(&world, "one").send().await.unwrap();
    let operation: Value = operation.json().await.unwrap();
    assert_eq!(
        (&operation["done"], operation.get("response")),
        (&json!(false), None)
    );
    assert_eq!(operation["metadata"]["functionId"], "x");
    assert!(operation["id"].is_string() && operation["metadata"]["@type"].is_string());
    assert_eq!(count(&world).await, 1);
}
