//! A status that names a database that never was, or is another's by now.

use serde_json::json;

use super::{as_if_nothing_had_been, created, resource, settle};
use crate::world::Setting;

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_id_is_not_taken_for_a_lost_database() {
    let world = created(Setting::default()).await.unwrap();
    let id = resource(&world, "database")["id"].clone();
    world.change_chat(|chat| {
        chat["status"]["resources"]["database"]["id"] = json!("etn00000000000000000");
    });
    super::look(&world, 1).await.unwrap();
    settle(&world).await.unwrap();
    assert_eq!(resource(&world, "database")["id"], id);
    as_if_nothing_had_been(world).await.unwrap();
}
