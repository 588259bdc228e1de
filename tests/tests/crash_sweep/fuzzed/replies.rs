//! A cloud whose answers are spoilt.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::liar::Lies;
use super::room::Room;
use super::try_all;
use crate::world::Problem;

/// How often an operator looks at spoilt answers.
const LOOKS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn spoilt_answers_neither_break_the_operator_nor_keep_it_busy() {
    try_all("spoilt answers", case).await.unwrap();
}

async fn case(room: Arc<Room>, seed: u64) -> Result<(), Problem> {
    let mut random = StdRng::seed_from_u64(seed);
    let lies = Lies {
        seed: random.random(),
        from: random.random_range(0..16),
        count: if random.random_bool(0.2) {
            u64::MAX
        } else {
            random.random_range(1..4)
        },
    };
    match random.random_range(0..20) {
        // What is there has to be found again.
        0..8 => room.lose_status(),
        // Something has to be changed.
        8..16 => room.specify(edited(&mut random)),
        // All is compared.
        16..19 => room.replace_operator().await?,
        _ => {
            room.delete();
            room.look_at_lies(lies, LOOKS).await?;
            room.vanish().await?;
            room.create();
        }
    }
    room.look_at_lies(lies, LOOKS).await?;
    room.settle().await
}

/// A good spec, with another value of some field.
fn edited(random: &mut StdRng) -> Value {
    let number = random.random_range(1..20);
    match random.random_range(0..6) {
        0 => json!({ "topic": { "retention": format!("{number}h") } }),
        1 => json!({ "broadcast": { "cutoff": format!("{number}s") } }),
        2 => json!({ "broadcast": { "batchBytes": number } }),
        3 => json!({ "database": { "requestUnitLimit": number } }),
        4 => json!({ "path": format!("/ws{number}") }),
        _ => json!({ "handler": { "timeout": format!("{}s", number + 5) } }),
    }
}
