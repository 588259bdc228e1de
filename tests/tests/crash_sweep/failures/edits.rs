//! A spec that goes there and back again.

use super::{as_if_nothing_had_been, created, look, settle, undisturbed};
use crate::life::{edited, outcome, restored};
use crate::world::Setting;

#[tokio::test(flavor = "multi_thread")]
async fn there_and_back_again_and_again() {
    let world = created(Setting::default()).await.unwrap();
    for _ in 0..2 {
        world.edit_chat(&edited());
        settle(&world).await.unwrap();
        let there = outcome(&world).await.unwrap();
        assert_ne!(there.differences(undisturbed().await.unwrap()), "");
        world.edit_chat(&restored());
        settle(&world).await.unwrap();
    }
    as_if_nothing_had_been(world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn back_again_while_the_cloud_is_still_on_its_way_there() {
    let setting = Setting {
        delay: "150ms".to_owned(),
        ..Setting::default()
    };
    let world = created(setting).await.unwrap();
    for looks in [1, 2, 4] {
        world.edit_chat(&edited());
        look(&world, 1).await.unwrap();
        let status = serde_json::json!(world.chat())["status"].take();
        assert!(status.to_string().contains("\"operation\""), "{status:#}");
        look(&world, looks - 1).await.unwrap();
        world.edit_chat(&restored());
        settle(&world).await.unwrap();
    }
    as_if_nothing_had_been(world).await.unwrap();
}
