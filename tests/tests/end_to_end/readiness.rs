//! How long a user waits: hardly longer than the cloud itself takes.

use std::time::{Duration, Instant};

use kube::api::PostParams;
use libtest_mimic::{Failed, Trial};
use serde_json::json;
use wschat_tests::emulator::{self, Emulator};
use wschat_tests::measure::operations::time_of_operations;

use crate::control_plane::machine_is_busy;
use crate::stage::Stage;
use crate::suite::{Handle, Scene};

/// What a chat may take beside the cloud's operations.
const OWN_LIMIT: Duration = Duration::from_secs(2);
/// How soon an emulator is there.
const EMULATOR_LIMIT: Duration = Duration::from_secs(1);
/// A machine that does other things beside is slower.
const BUSY_FACTOR: u32 = 6;

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial(
            "a chat is Ready within 2 s of the cloud's own time",
            chats_are_ready_soon,
        ),
        suite.trial("the emulator starts within a second", emulators_start_soon),
    ]
}

async fn chats_are_ready_soon(scene: Scene) -> Result<(), Failed> {
    let slow = emulator::Options::default().operation_delay("300ms..1500ms");
    let stage = Stage::set_in(scene, &slow).await?;
    let chat = serde_json::from_value(json!({
        "apiVersion": "wschat.dev/v1alpha1",
        "kind": "WsChat",
        "metadata": { "name": "lobby" },
        "spec": {},
    }))?;
    // An API server holds the first create for 2 s when the definition is new.
    stage.chats().create(&PostParams::default(), &chat).await?;
    let start = Instant::now();
    stage.ready("lobby").await?;
    let took = start.elapsed();

    let cloud = time_of_operations(&stage.emulator.requests(None).await?);
    assert!(
        cloud > Duration::from_millis(300),
        "operations took {cloud:?}"
    );
    let own = took.saturating_sub(cloud);
    let limit = limit(OWN_LIMIT);
    assert!(
        own <= limit,
        "Ready took {took:?}; during {cloud:?} of them operations ran, so {own:?} are the operator's, which may have {limit:?}"
    );
    stage.clear().await
}

async fn emulators_start_soon(scene: Scene) -> Result<(), Failed> {
    let start = Instant::now();
    let emulator = Emulator::start(&scene.folder, &emulator::Options::default()).await?;
    let took = start.elapsed();
    let limit = limit(EMULATOR_LIMIT);
    assert!(took <= limit, "it took {took:?}, and may take {limit:?}");
    emulator.stop().await?;
    Ok(())
}

fn limit(idle: Duration) -> Duration {
    if machine_is_busy() {
        idle * BUSY_FACTOR
    } else {
        idle
    }
}
