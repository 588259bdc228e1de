//! Operations of the cloud that say something else than one hopes for.

use serde_json::json;

use super::{as_if_nothing_had_been, empty, nothing_was_asked_twice, settle, undisturbed};
use crate::world::Setting;

fn slow() -> Setting {
    Setting {
        delay: "20ms".to_owned(),
        ..Setting::default()
    }
}

/// The hardest case: what is said to have failed was made nevertheless.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_to_have_failed_is_looked_for_before_it_is_made_again() {
    undisturbed().await.unwrap();
    let world = empty(slow()).await.unwrap();
    let failed =
        json!({ "done": true, "response": null, "error": { "code": 13, "message": "no" } });
    let rule = json!({ "method": "GET", "path": "/operations/*", "times": 0, "phase": "after",
        "action": { "patch": failed } });
    world.break_by(json!([rule])).unwrap();
    world.create_chat();
    settle(&world).await.unwrap();
    world.break_by(json!([])).unwrap();
    as_if_nothing_had_been(world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_before_the_end_is_no_end() {
    undisturbed().await.unwrap();
    let world = empty(slow()).await.unwrap();
    let rolls_back = json!({ "done": false, "response": null,
        "error": { "code": 13, "message": "rolling back" } });
    let rule = json!({ "method": "GET", "path": "/operations/*", "times": 100, "phase": "after",
        "action": { "patch": rolls_back } });
    world.break_by(json!([rule])).unwrap();
    world.create_chat();
    world.look_until(super::is_as_wished, None).await.unwrap();
    nothing_was_asked_twice(&world.passed()).unwrap();
    as_if_nothing_had_been(world).await.unwrap();
}
