//! What fault rules do to a real client.

use serde_json::{Value, json};

use crate::harness::World;
use crate::topics;

fn set(world: &World, rule: &Value) {
    let rules = serde_json::from_value(json!([rule])).unwrap();
    world.inspector.set_faults(rules).unwrap();
}

fn hits(world: &World) -> u64 {
    world.inspector.list_faults()[0].hits
}

#[tokio::test]
async fn a_query_that_suffers_is_repeated() {
    let world = World::new().await;
    let client = world.client().await;
    for (phase, action) in [
        ("before", json!({ "ydb": "OVERLOADED" })),
        (
            "after",
            json!({ "truncate": { "after": 0, "end": { "ydb": "ABORTED" } } }),
        ),
    ] {
        let rule =
            json!({ "method": "GRPC", "path": "*/ExecuteQuery", "phase": phase, "action": action });
        set(&world, &rule);
        let row = client.query_client().query_row("SELECT 1 AS one").await;
        let mut row = row.unwrap();
        let one: i32 = row.remove_field_by_name("one").unwrap().try_into().unwrap();
        assert_eq!((one, hits(&world)), (1, 1), "{action}");
    }
}

#[tokio::test]
async fn a_client_is_told_the_grpc_code_of_choice() {
    let world = World::new().await;
    let client = world.client().await;
    let action = json!({ "grpc": "PERMISSION_DENIED" });
    set(
        &world,
        &json!({ "method": "GRPC", "path": "*/ExecuteQuery", "action": action }),
    );
    let failed = client.query_client().query_row("SELECT 1 AS one").await;
    let error = failed.err().unwrap().to_string();
    assert!(error.contains("Injected by a fault rule"), "{error}");
    assert_eq!(hits(&world), 1);
}

#[tokio::test]
async fn a_writer_whose_open_stream_breaks_writes_once_all_the_same() {
    let world = World::new().await;
    let client = world.client().await;
    topics::create(&client).await;
    let producer = topics::writer(&client, "p").await;
    topics::write(&producer, "first").await;
    for (text, method, action) in [
        ("second", "GRPC_OUT", json!({ "grpc": "UNAVAILABLE" })),
        ("third", "GRPC_OUT", json!({ "ydb": "OVERLOADED" })),
        ("fourth", "GRPC_OUT", json!({ "cut": {} })),
        ("fifth", "GRPC_IN", json!({ "cut": {} })),
    ] {
        set(
            &world,
            &json!({ "method": method, "path": "*/StreamWrite", "action": action }),
        );
        topics::write(&producer, text).await;
        assert_eq!(hits(&world), 1, "{action}");
    }
    let written = topics::texts(&world).await;
    assert_eq!(written, ["first", "second", "third", "fourth", "fifth"]);
}
