//! The operator, given nonsense: by a cloud whose answers are spoilt
//! (`replies`), and by specs that no API server would let through, of a chat that
//! is edited (`specs`) or made from nothing (`births`).
//! Whatever it gets, it doesn't panic, asks a bounded number of times before it
//! waits, and the chat says that it is Ready, under way or Stalled, with a
//! reason. When the cloud makes sense again, the chat does too.
//!
//! The operator is the library, in this process, and so is the emulator. An
//! ordinary run has some cases from a fixed seed on;
//! `WSCHAT_FUZZED_SEED=7` chooses it, `WSCHAT_FUZZED_CASES=10000` how many cases
//! there are of each kind, and `WSCHAT_FUZZED_LANES=6` how many of them are
//! tried side by side.

mod births;
mod liar;
mod replies;
mod room;
mod specs;
mod spoil;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::JoinSet;

use crate::sweep::number;
use crate::world::Problem;
use room::Room;

/// Rooms side by side in an ordinary run: most of a case is waiting.
const LANES: u64 = 3;
/// Cases of an ordinary run, of each kind.
const CASES: u64 = 60;
/// After how many cases a room is left for another: a cloud that saw many
/// remembers much.
const CASES_OF_A_ROOM: u64 = 250;
/// After how many cases there is something to tell.
const PROGRESS: u64 = 1000;

/// Tries all cases of a kind; the first that fails names its seed.
async fn try_all<Case, Outcome>(kind: &'static str, case: Case) -> Result<(), Problem>
where
    Case: Fn(Arc<Room>, u64) -> Outcome + Copy + Send + 'static,
    Outcome: Future<Output = Result<(), Problem>> + Send + 'static,
{
    wschat_tests::crypto::use_ring();
    let first = number("WSCHAT_FUZZED_SEED")?.unwrap_or(1);
    let cases = number("WSCHAT_FUZZED_CASES")?.unwrap_or(CASES);
    eprintln!("{kind}: {cases} cases from WSCHAT_FUZZED_SEED={first} on");
    let next = Arc::new(AtomicU64::new(0));
    let mut lanes = JoinSet::new();
    for lane in 0..number("WSCHAT_FUZZED_LANES")?.unwrap_or(LANES) {
        let next = Arc::clone(&next);
        lanes.spawn(async move {
            let mut room = Arc::new(Room::open(lane).await?);
            let mut tried = 0;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= cases {
                    return Room::leave(room).await;
                }
                // A panic of the operator's ends its task, and is told here.
                let outcome = tokio::spawn(case(Arc::clone(&room), first + number)).await;
                let outcome = outcome.map_err(|panic| panic.to_string()).flatten();
                outcome.map_err(|problem| {
                    format!("WSCHAT_FUZZED_SEED={}: {problem}", first + number)
                })?;
                tried += 1;
                if tried % CASES_OF_A_ROOM == 0 {
                    let left = std::mem::replace(&mut room, Arc::new(Room::open(lane).await?));
                    Room::leave(left).await?;
                }
                if number % PROGRESS == PROGRESS - 1 {
                    eprintln!("{kind}: {} cases", number + 1);
                }
            }
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane.map_err(|panic| panic.to_string())??;
    }
    Ok(())
}
