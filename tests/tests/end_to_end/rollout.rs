//! A rollout under people who talk: first of a version that fails, then of one
//! that is good. Nobody loses a message or a socket.

use libtest_mimic::{Failed, Trial};
use wschat_crds::ConditionStatus;
use wschat_tests::crowd::load::{Plan, run};
use wschat_tests::emulator::{self, Action, Fault, Phase};
use wschat_tests::measure::processes::only_child;
use wschat_tests::wait::wait_for;

use crate::stage::{SOON, Stage};
use crate::suite::{Handle, Scene};
use crate::updates::says;

const PARTICIPANTS: usize = 200;
/// Messages a second, of all together; each goes to all.
const RATE: u32 = 20;
/// For longer than both rollouts take.
const MESSAGES: usize = 400;
/// The zone's own limit is 10.
const CALLS: &str = "serverless.functions.concurrent-calls=400";

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial(
        "200 people talk through a rollout and miss nothing",
        talk_through,
    )]
}

async fn talk_through(scene: Scene) -> Result<(), Failed> {
    let busy = emulator::Options::default()
        .argument("--quota")
        .argument(CALLS);
    let stage = Stage::set_in(scene, &busy).await?;
    let plan = Plan {
        process: only_child(stage.emulator.guard_id())?,
        url: stage.lobby().await?,
        participants: PARTICIPANTS,
        rate: RATE,
        messages: MESSAGES,
    };
    let crowd = tokio::spawn(async move { run(&plan).await });
    let versions = async || Ok::<_, Failed>(stage.emulator.state().await?.versions.len());
    assert_eq!(versions().await?, 1);

    let sick = Fault {
        times: 0,
        ..Fault::once("INVOKE", "/*/$latest", Phase::Before, Action::Status(503))
    };
    stage.emulator.set_faults(&[sick]).await?;
    stage.apply("lobby", "{handler: {memory: 512Mi}}").await?;
    wait_for(&stage.chats(), "lobby", "Unhealthy", SOON, |chat| {
        says(chat, "Reconciling", ConditionStatus::True, "Unhealthy")
            && says(chat, "Ready", ConditionStatus::True, "Ready")
    })
    .await?;
    stage.emulator.clear_faults().await?;
    stage.apply("lobby", "{handler: {memory: 384Mi}}").await?;
    stage.ready("lobby").await?;
    assert_eq!(versions().await?, 3);
    assert!(
        !crowd.is_finished(),
        "the crowd was through before the rollout"
    );

    // A socket that ends is an error.
    let seen = crowd.await??;
    assert_eq!((seen.lost, seen.doubled), (0, 0), "{seen:?}");
    stage.clear().await
}
