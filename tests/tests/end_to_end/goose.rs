//! Migrations: goose, whose files they are, finds what the operator did as if
//! it had done it itself.

use libtest_mimic::{Failed, Trial};
use wschat_tests::cloud::Cloud;
use wschat_tests::goose::Goose;

use crate::stage::Stage;
use crate::suite::{Handle, Scene};

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial("goose agrees about migrations", goose_agrees)]
}

async fn goose_agrees(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    stage.lobby().await?;
    let goose = goose(&stage).await?;
    let files = goose.files()?;
    assert!(!files.is_empty());
    assert_eq!(goose.applied(&files).await?, vec![true; files.len()]);
    let up = goose.run("up").await?;
    assert!(up.contains("no migrations to run"), "{up}");
    stage.clear().await
}

/// On the chat's database, as the operator's account.
async fn goose(stage: &Stage) -> Result<Goose, Failed> {
    let existing = stage.emulator.state().await?;
    let database = existing.databases.first().ok_or("there is no database")?;
    let endpoint = database["endpoint"].as_str();
    let endpoint = endpoint.ok_or("the database has no endpoint")?;
    let cloud = Cloud::of(stage.emulator.addresses())?;
    let token = cloud.client().tokens().get().await?.value;
    Ok(Goose::on(endpoint, &token, &stage.scene.folder)?)
}
