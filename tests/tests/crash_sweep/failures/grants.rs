//! Grants that take their time: to the chat's account, and to the operator's.

use std::collections::BTreeSet;

use serde_json::json;
use wschat_crds::WsChat;

use super::{
    as_if_nothing_had_been, condition, empty, is_as_wished, look_as_time_passes, undisturbed,
};
use crate::world::{Done, Problem, Setting, World};

/// Each grant counts after five minutes of the cloud's clock.
#[tokio::test(flavor = "multi_thread")]
async fn grants_that_take_five_minutes_are_waited_for() {
    undisturbed().await.unwrap();
    let setting = Setting {
        arguments: vec!["--iam-propagation-delay=5m".to_owned()],
        ..Setting::default()
    };
    let world = empty(setting).await.unwrap();
    world.create_chat();
    // Before that, the new handler is refused by what it needs.
    let refused: Done = |chat| has_reason(chat, "Unhealthy");
    world.look_until(refused, None).await.unwrap();
    let told = look_as_time_passes(&world, is_as_wished, 20).await.unwrap();
    // It took about as long as the grants: some of it may have passed by itself.
    assert!(told.len() >= 10, "{told:?}");
    assert_eq!(told[0], "Unhealthy", "{told:?}");
    as_if_nothing_had_been(world).await.unwrap();
}

/// Whether the chat isn't ready for this reason.
fn has_reason(chat: Option<&WsChat>, reason: &str) -> bool {
    let status = chat.and_then(|chat| chat.status.as_ref());
    let mut all = status.into_iter().flat_map(|status| &status.conditions);
    all.any(|one| one.type_ == "Ready" && one.reason == reason)
}

/// The operator's own roles come late: whatever it asks to be made is refused
/// at first.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_whose_roles_come_late_waits_for_them() {
    undisturbed().await.unwrap();
    let world = empty(Setting::default()).await.unwrap();
    let denied = |path: &str| json!({ "method": "POST", "path": path, "times": 4, "action": { "status": 403 } });
    let paths = [
        "/iam/v1/serviceAccounts",
        "/ydb/*",
        "/functions/*",
        "/apigateways/*",
        "/triggers/*",
    ];
    world
        .break_by(paths.map(denied).into_iter().collect())
        .unwrap();
    world.create_chat();
    let reasons = reasons(&world).await.unwrap();
    assert!(reasons.contains("PermissionDenied"), "{reasons:?}");
    as_if_nothing_had_been(world).await.unwrap();
}

/// What the chat was said to wait for until it was as wished.
async fn reasons(world: &World) -> Result<BTreeSet<String>, Problem> {
    let operator = world.operator()?;
    let mut reasons = BTreeSet::new();
    for _ in 0..super::ENOUGH {
        let chat = world.chat().ok_or("the chat is gone")?;
        if is_as_wished(Some(&chat)) {
            return Ok(reasons);
        }
        operator.look(chat).await?;
        reasons.insert(condition(world, "Reconciling").1);
    }
    Err(format!(
        "it doesn't come to be as wished: {:#?}",
        world.chat()
    ))
}
