//! Reads that lag behind: what was just made isn't in lists, or nowhere.

use serde_json::{Value, json};

use super::{
    as_if_nothing_had_been, empty, look, look_as_time_passes, nothing_was_asked_twice, undisturbed,
};
use crate::life::is_gone;
use crate::world::{Problem, Setting, World};

/// Where resources are read.
const READS: [&str; 6] = [
    "/iam/v1/serviceAccounts",
    "/ydb/v1/databases",
    "/functions/v1/functions",
    "/functions/v1/versions",
    "/apigateways/v1/apigateways",
    "/triggers/v1/triggers",
];
/// How long nothing shows, in milliseconds.
const HIDDEN: u64 = 30_000;
/// How many seconds pass between two looks.
const STEP: u64 = 11;

/// What is young is hidden in lists, and from whoever reads it by its id.
fn everywhere() -> Value {
    hidden(&["", "/*"])
}

/// What is young is hidden in lists only.
fn in_lists() -> Value {
    hidden(&[""])
}

fn hidden(below: &[&str]) -> Value {
    let paths = READS.iter();
    let paths = paths.flat_map(|path| below.iter().map(move |below| format!("{path}{below}")));
    let rule = |path: String| {
        json!({ "method": "GET", "path": path, "times": 0, "phase": "after",
            "action": { "hideMs": HIDDEN } })
    };
    paths.map(rule).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_read_yet_is_not_made_again() {
    undisturbed().await.unwrap();
    for rules in [everywhere(), in_lists()] {
        let world = empty(Setting::default()).await.unwrap();
        world.break_by(rules).unwrap();
        world.create_chat();
        let done = look_as_time_passes(&world, super::is_as_wished, STEP).await;
        done.unwrap();
        nothing_was_asked_twice(&world.passed()).unwrap();
        as_if_nothing_had_been(world).await.unwrap();
    }
}

/// After each number of looks, the chat is deleted, and much of it isn't shown.
#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_read_yet_is_not_left_behind() {
    for looks in [1, 4, 8] {
        let left = deleted_after(looks).await.unwrap();
        assert_eq!(left, Vec::<String>::new(), "deleted after {looks} looks");
    }
}

async fn deleted_after(looks: usize) -> Result<Vec<String>, Problem> {
    let world = empty(Setting::default()).await?;
    world.break_by(everywhere())?;
    world.create_chat();
    for _ in 1..looks {
        look(&world, 1).await?;
        world.advance(STEP).await?;
    }
    look(&world, 1).await?;
    world.delete_chat();
    // Slowly: all of it is looked for while it is hidden.
    look_as_time_passes(&world, is_gone, 1).await?;
    let left = World::made(&world).await?;
    world.end().await;
    Ok(left)
}
