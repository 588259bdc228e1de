//! `--state`: what was acknowledged survives SIGKILL at any moment. The real
//! binary is killed again and again while clients work, who don't notice more
//! than that an answer is late; then everything they were told is looked for.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod consumer;
mod program;
mod records;
mod remote;
mod resources;
mod rows;
mod starts;

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio_util::sync::CancellationToken;

use program::Program;
use remote::Remote;

/// How often it is killed.
const KILLS: u32 = 12;
/// How long it may live, in milliseconds: from its start on, so that it is also
/// killed while it brings back what was there.
const LIFE: std::ops::Range<u64> = 20..900;

/// `STATE_SEED=n` draws the same moments again.
fn seed() -> u64 {
    let given = std::env::var("STATE_SEED").ok();
    given.map_or_else(rand::random, |seed| seed.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kills_at_any_moment() {
    let seed = seed();
    eprintln!("STATE_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path()).await;
    let remote = Remote::of(&program).await;
    let database = remote.database().await;
    remote.advance("2h").await;

    let end = CancellationToken::new();
    let resources = (0..2).map(|worker| {
        let random = StdRng::seed_from_u64(seed.wrapping_add(worker));
        tokio::spawn(resources::work(remote.clone(), worker, random, end.clone()))
    });
    let resources: Vec<_> = resources.collect();
    let rows = tokio::spawn(rows::work(database.clone(), end.clone()));
    let records = tokio::spawn(records::work(database.clone(), end.clone()));
    let consumer = tokio::spawn(consumer::work(database.clone(), end.clone()));
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(random.random_range(LIFE))).await;
        program.kill().await;
        program = Program::spawn(folder.path());
    }
    program.ready().await;
    end.cancel();

    for worker in resources {
        worker.await.unwrap().check(&remote).await;
    }
    rows.await.unwrap().check(&database).await;
    let written = records.await.unwrap();
    let committed = consumer.await.unwrap();
    // Once more, with nothing in between.
    program.kill().await;
    program = Program::spawn(folder.path());
    program.ready().await;
    written.check(&database).await;
    committed.check(&database).await;
    assert_eq!(remote.ahead().await, "2h");
    assert!(remote.operations_end().await > 50, "there was no load");
}
