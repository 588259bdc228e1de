//! Two replicas. The one that leads is frozen in the midst of its work, and
//! comes back when the other has taken over: it does nothing any more. When the
//! other ends, it leads at once.

use libtest_mimic::{Failed, Trial};
use wschat_tests::emulator;
use wschat_tests::operator::{Operator, Options};
use wschat_tests::process::Signal;
use wschat_tests::wait::eventually;

use crate::delete::{delete, made};
use crate::stage::{SOON, Stage};
use crate::suite::{Handle, Scene};
use crate::updates::{changes, shows};

/// The shortest that there is, so that nobody waits for long.
const LEASE: &str = "3s";

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial(
        "a leader that was frozen finds another and changes nothing",
        frozen,
    )]
}

async fn frozen(scene: Scene) -> Result<(), Failed> {
    let slow = emulator::Options::default().operation_delay("500ms");
    let namespace = scene.namespace.clone();
    let arguments = vec!["--lease-duration".to_owned(), LEASE.to_owned()];
    let mut stage = Stage::set_whole(scene, namespace, &slow, arguments).await?;
    let mut standby = another(&stage).await?;
    leads(&stage.operator, true).await?;
    stage.apply("lobby", "{}").await?;
    let begun = async || match changes(&stage).await {
        Ok(changes) if changes.len() >= 4 => Ok(()),
        Ok(changes) => Err(format!("{changes:?}")),
        Err(error) => Err(format!("{error:?}")),
    };
    eventually("the chat to be begun", SOON, begun).await?;
    stage.operator.signal(Signal::Stop)?;
    leads(&standby, true).await?;
    stage.ready("lobby").await?;
    let before = (changes(&stage).await?, made(&stage).await?);

    stage.operator.signal(Signal::Continue)?;
    leads(&stage.operator, false).await?;
    leads(&standby, true).await?;
    assert_eq!((changes(&stage).await?, made(&stage).await?), before);

    // One that ends hands over.
    standby.process().terminate(SOON).await?;
    leads(&stage.operator, true).await?;
    stage.apply("lobby", "{broadcast: {cutoff: 2s}}").await?;
    stage.ready("lobby").await?;
    delete(&stage, "lobby").await?;
    assert_eq!(made(&stage).await?, Vec::<String>::new());
    stage.clear().await
}

/// A second replica beside the stage's.
async fn another(stage: &Stage) -> Result<Operator, Failed> {
    let administrator = stage.scene.control_plane().administrator();
    let options = Options::for_emulator(administrator, stage.emulator.addresses())?
        .name("standby")
        .only_in(stage.namespace.name())
        .argument("--lease-duration", LEASE);
    let mut operator = Operator::start(&stage.scene.folder, &options)?;
    operator.ready().await?;
    Ok(operator)
}

/// Waits until a replica leads, or doesn't.
async fn leads(operator: &Operator, wanted: bool) -> Result<(), Failed> {
    shows(operator, &format!("wschat_leader {}", u8::from(wanted))).await
}
