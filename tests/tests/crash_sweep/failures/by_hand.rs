//! Parts of a chat that somebody removes, twice.

use serde_json::Value;
use uuid::Uuid;

use super::{as_if_nothing_had_been, created, resource};
use crate::world::{Problem, Setting, World};

/// Parts that come back by themselves.
const PARTS: [&str; 4] = ["trigger", "gateway", "function", "serviceAccount"];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_twice_comes_back_twice() {
    let world = created(Setting::default()).await.unwrap();
    for part in PARTS {
        let mut known = vec![resource(&world, part)["id"].clone()];
        for _ in 0..2 {
            let id = resource(&world, part)["id"].clone();
            remove(&world, part, id.as_str().unwrap()).await.unwrap();
            comes_back(&world, part, &known).await.unwrap();
            known.push(resource(&world, part)["id"].clone());
        }
    }
    as_if_nothing_had_been(world).await.unwrap();
}

async fn remove(world: &World, part: &str, id: &str) -> Result<(), Problem> {
    let (client, key) = (world.client()?, Uuid::new_v4());
    let removed = match part {
        "trigger" => client.triggers().delete(id, key).await,
        "gateway" => client.api_gateways().delete(id, key).await,
        "function" => client.functions().delete(id, key).await,
        _ => client.service_accounts().delete(id, key).await,
    };
    removed.map(drop).map_err(|error| error.to_string())
}

/// Operators look until the part is another one, and the chat as wished. Each
/// compares everything with the cloud once.
async fn comes_back(world: &World, part: &str, known: &[Value]) -> Result<(), Problem> {
    for _ in 0..10 {
        super::look(world, 1).await?;
        super::settle(world).await?;
        let id = resource(world, part)["id"].clone();
        if !known.contains(&id) {
            return Ok(());
        }
    }
    Err(format!("the {part} doesn't come back: {:#?}", world.chat()))
}
