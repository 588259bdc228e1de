//! Chats that are made from nothing, with names and specs that are odd: also in
//! what may never be changed.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::room::Room;
use super::specs::{TEXTS, odd, put};
use super::try_all;
use crate::world::Problem;

/// How often an operator looks at each.
const LOOKS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn odd_chats_from_nothing_neither_break_the_operator_nor_keep_it_busy() {
    try_all("odd chats", case).await.unwrap();
}

async fn case(room: Arc<Room>, seed: u64) -> Result<(), Problem> {
    let mut random = StdRng::seed_from_u64(seed);
    let (namespace, name) = (word(&mut random), word(&mut random));
    let spec = unborn(&mut random);
    let told = |problem| format!("{problem}\nof {namespace}/{name}: {spec}");
    room.delete();
    room.vanish().await.map_err(told)?;
    room.create_as(&namespace, &name, &spec);
    if room.chat().is_none() {
        return Err(told("it isn't of the right types".to_owned()));
    }
    for _ in 0..LOOKS {
        room.look().await.map_err(told)?;
    }
    // What a person does who has made a mistake: everything of it has to go.
    let mut way_out = spec.clone();
    put(&mut way_out, "database.deletionProtection", json!(false));
    put(&mut way_out, "deletionPolicy", json!("Delete"));
    way_out
        .as_object_mut()
        .map(|spec| spec.remove("credentialsSecretRef"));
    room.specify(way_out);
    room.delete();
    room.vanish().await.map_err(told)?;
    room.create();
    Ok(())
}

/// A name that Kubernetes takes.
fn word(random: &mut StdRng) -> String {
    const WORDS: [&str; 10] = [
        "lobby",
        "a",
        "0",
        "a--b",
        "xn--80ak6aa92e",
        "default",
        "wschat-lobby",
        "null",
        "1e9",
        "a0123456789-0123456789-0123456789-0123456789-0123456789-0123456",
    ];
    WORDS.choose(random).copied().unwrap_or("lobby").to_owned()
}

/// An odd spec, or a good one, with odd values of what may never be changed.
fn unborn(random: &mut StdRng) -> Value {
    const FIELDS: [&str; 7] = [
        "topic.name",
        "folderId",
        "names.serviceAccount",
        "names.database",
        "names.function",
        "names.gateway",
        "names.trigger",
    ];
    let mut spec = if random.random_bool(0.3) {
        odd(random)
    } else {
        json!({})
    };
    for _ in 0..random.random_range(1..3) {
        let text = if random.random_bool(0.1) {
            "x".repeat(random.random_range(1..5_000))
        } else {
            (*TEXTS.choose(random).unwrap_or(&"")).to_owned()
        };
        put(
            &mut spec,
            FIELDS.choose(random).unwrap_or(&"topic.name"),
            json!(text),
        );
    }
    if random.random_bool(0.2) {
        put(&mut spec, "deletionPolicy", json!("Retain"));
    }
    if random.random_bool(0.1) {
        put(&mut spec, "handler.logLevel", json!("debug"));
    }
    spec
}
