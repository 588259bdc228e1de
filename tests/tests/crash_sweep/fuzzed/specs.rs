//! Specs that no API server would let through, beside good ones.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::room::Room;
use super::try_all;
use crate::world::Problem;

/// How often an operator looks at each.
const LOOKS: usize = 3;
/// How many specs come one after the other before a good one.
const IN_A_ROW: u64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn odd_specs_neither_break_the_operator_nor_keep_it_busy() {
    try_all("odd specs", case).await.unwrap();
}

async fn case(room: Arc<Room>, seed: u64) -> Result<(), Problem> {
    let spec = odd(&mut StdRng::seed_from_u64(seed));
    room.specify(spec.clone());
    if room.chat().is_none() {
        return Err(format!("it isn't of the right types: {spec}"));
    }
    for _ in 0..LOOKS {
        let looked = room.look().await;
        looked.map_err(|problem| format!("{problem}\nof {spec}"))?;
    }
    if seed.is_multiple_of(IN_A_ROW) {
        room.specify(json!({}));
        room.settle().await?;
    }
    Ok(())
}

pub(crate) const TEXTS: [&str; 16] = [
    "",
    "/",
    "/ws",
    "/{proxy+}",
    "/a/../b",
    "//",
    "a",
    "-",
    "broadcast-topic",
    "Ünïcödé",
    "a\"b\\c",
    "'; DROP TABLE connections; --",
    "\u{0}\n\t",
    "{{ .Values }}",
    "b1gexample",
    "wschat-lobby",
];
const SIZES: [&str; 14] = [
    "",
    "0",
    "1",
    "-1",
    "1Gi",
    "128Mi",
    "512Mi",
    "1e3",
    "1.5Gi",
    "9223372036854775807",
    "9223372036854775808Ei",
    "nan",
    "1Zi",
    "１２８Mi",
];
const TIMES: [&str; 14] = [
    "",
    "0",
    "0s",
    "1s",
    "30s",
    "1h",
    "2h30m",
    "-1h",
    "1.5s",
    "999999999999h",
    "1ns",
    "1d",
    "s",
    "٣s",
];
const NUMBERS: [i32; 8] = [i32::MIN, -1, 0, 1, 2, 16, 65_536, i32::MAX];

/// Puts a value into a spec.
pub(crate) fn put(spec: &mut Value, path: &str, value: Value) {
    let mut place = spec;
    for name in path.split('.') {
        place = &mut place[name];
    }
    *place = value;
}

/// A spec of the right types, as far as a definition's schema enforces them.
pub(crate) fn odd(random: &mut StdRng) -> Value {
    let mut spec = json!({});
    // Few fields at a time: most combinations would be refused for the first.
    for _ in 0..random.random_range(1..4) {
        let (path, value) = field(random);
        put(&mut spec, path, value);
    }
    let reference = &mut spec["credentialsSecretRef"];
    if reference.is_null() {
        spec.as_object_mut()
            .map(|spec| spec.remove("credentialsSecretRef"));
    } else if reference["name"].is_null() {
        reference["name"] = json!("guests-key");
    }
    spec
}

fn field(random: &mut StdRng) -> (&'static str, Value) {
    // What may not be changed is refused by the API server for good, so a chat
    // is never given another one.
    const FIELDS: [&str; 14] = [
        "path",
        "credentialsSecretRef.name",
        "credentialsSecretRef.key",
        "database.storageLimit",
        "handler.memory",
        "topic.retention",
        "handler.timeout",
        "broadcast.cutoff",
        "database.requestUnitLimit",
        "handler.concurrency",
        "handler.minInstances",
        "broadcast.batchBytes",
        "suspend",
        "database.deletionProtection",
    ];
    let number = random.random_range(0..FIELDS.len());
    let value = match number {
        0..3 if random.random_bool(0.1) => json!("x".repeat(random.random_range(1..5_000))),
        0..3 => json!(TEXTS.choose(random)),
        3..5 if random.random_bool(0.3) => json!(random.random::<i64>()),
        3..5 => json!(SIZES.choose(random)),
        5..8 => json!(TIMES.choose(random)),
        8..12 => json!(NUMBERS.choose(random)),
        _ => json!(random.random_bool(0.5)),
    };
    let path = FIELDS[number];
    (path, value)
}
