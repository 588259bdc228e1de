//! A cloud without room: told before anything is made, and over by itself.

use libtest_mimic::{Failed, Trial};
use wschat_crds::ConditionStatus;
use wschat_tests::emulator::{self, Action, Fault, Phase};
use wschat_tests::wait::wait_for;

use crate::delete::{delete, made};
use crate::stage::{SOON, Stage};
use crate::suite::{Handle, Scene};
use crate::updates::says;

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial(
            "a full quota is told before anything is made, and heals by itself",
            no_room,
        ),
        suite.trial(
            "without the right to see quotas, a chat is made, or the first refusal tells",
            unseen,
        ),
    ]
}

async fn unseen(scene: Scene) -> Result<(), Failed> {
    let small = emulator::Options::default()
        .argument("--quota")
        .argument("serverless.functions.count=1");
    let stage = Stage::set_in(scene, &small).await?;
    let denied = Fault {
        times: 0,
        ..Fault::once(
            "GET",
            "/quota-manager/*",
            Phase::Before,
            Action::Status(403),
        )
    };
    stage.emulator.set_faults(&[denied]).await?;
    stage.apply("first", "{}").await?;
    stage.ready("first").await?;
    stage.apply("second", "{}").await?;
    wait_for(&stage.chats(), "second", "QuotaExceeded", SOON, |chat| {
        says(
            chat,
            "FunctionReady",
            ConditionStatus::False,
            "QuotaExceeded",
        )
    })
    .await?;
    delete(&stage, "first").await?;
    stage.ready("second").await?;
    stage.clear().await
}

async fn no_room(scene: Scene) -> Result<(), Failed> {
    let small = emulator::Options::default()
        .argument("--quota")
        .argument("ydb.serverless-databases=1");
    let stage = Stage::set_in(scene, &small).await?;
    stage.apply("first", "{}").await?;
    stage.ready("first").await?;
    let before = made(&stage).await?;

    stage.apply("second", "{}").await?;
    wait_for(&stage.chats(), "second", "QuotaExceeded", SOON, |chat| {
        let status = chat.and_then(|chat| chat.status.as_ref());
        let mut all = status.into_iter().flat_map(|status| &status.conditions);
        all.any(|one| {
            let words = ["ydb.serverless-databases (limit 1, used 1)", "/quotas"];
            one.type_ == "Ready"
                && one.reason == "QuotaExceeded"
                && words.iter().all(|word| one.message.contains(word))
        })
    })
    .await?;
    assert_eq!(made(&stage).await?, before, "nothing was begun");

    delete(&stage, "first").await?;
    stage.ready("second").await?;
    stage.clear().await
}
