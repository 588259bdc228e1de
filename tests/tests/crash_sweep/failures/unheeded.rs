//! A change that the cloud carries out and doesn't keep.

use serde_json::{Value, json};
use uuid::Uuid;
use yandex_cloud_rest::model::FieldMask;
use yandex_cloud_rest::model::trigger::UpdateTriggerRequest;

use super::{as_if_nothing_had_been, condition, created, look, resource, settle};
use crate::world::{Problem, Setting, World};

/// The trigger's description is what the cloud keeps to itself here: it has
/// another one after each update.
const KEPT: &str = "as the cloud likes it";

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_not_kept_is_asked_for_once_and_explained() {
    let world = created(Setting::default()).await.unwrap();
    describe(&world).await.unwrap();
    // Each operator compares with lists once; the first finds the difference.
    assert_eq!(asked(&world, 1).await.unwrap(), 1, "it is drift");
    for _ in 0..3 {
        describe(&world).await.unwrap();
        assert_eq!(asked(&world, 5).await.unwrap(), 0, "it may show late");
        assert_eq!(condition(&world, "Stalled").0, "False");
    }
    let told = ("True".to_owned(), "Unheeded".to_owned());
    age(&world, 120);
    assert_eq!(
        asked(&world, 5).await.unwrap(),
        0,
        "asking again changes nothing"
    );
    assert_eq!(condition(&world, "Stalled"), told);
    assert_eq!(
        condition(&world, "Ready").0,
        "True",
        "it serves all the same"
    );
    let stalls = world.kube().stalls();
    assert!(
        stalls[0].contains(&format!("description: {KEPT} -> ")),
        "{stalls:?}"
    );
    age(&world, 25 * 3600);
    assert_eq!(asked(&world, 1).await.unwrap(), 1, "once a day");
    // Now the cloud has changed its mind.
    settle(&world).await.unwrap();
    let trigger = resource(&world, "trigger");
    assert_eq!(
        (&trigger["changed"], &trigger["unseenSince"]),
        (&Value::Null, &Value::Null)
    );
    world.kube().forget_stalls();
    as_if_nothing_had_been(world).await.unwrap();
}

/// How often a change of the trigger is asked for in so many looks.
async fn asked(world: &World, looks: usize) -> Result<usize, Problem> {
    world.gate().arm(None);
    look(world, looks).await?;
    let passed = world.passed();
    let changes = passed.mutations().into_iter();
    Ok(changes
        .filter(|call| call.starts_with("PATCH /triggers/"))
        .count())
}

/// Gives the trigger the description that the cloud keeps.
async fn describe(world: &World) -> Result<(), Problem> {
    let trigger = resource(world, "trigger");
    let id = trigger["id"].as_str().ok_or("there is no trigger")?;
    let request = UpdateTriggerRequest {
        update_mask: Some(FieldMask::of(["description"])),
        description: KEPT.to_owned(),
        ..UpdateTriggerRequest::default()
    };
    let updated = world
        .client()?
        .triggers()
        .update(id, &request, Uuid::new_v4())
        .await;
    updated.map(drop).map_err(|error| error.to_string())
}

/// Makes the trigger's change so many seconds old.
fn age(world: &World, seconds: i64) {
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds);
    world.change_chat(|chat| {
        chat["status"]["resources"]["trigger"]["unseenSince"] = json!(then.to_string());
    });
}
