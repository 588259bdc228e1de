//! goose, whose files the migrations are, on an empty database: there and back.

use libtest_mimic::{Failed, Trial};

use crate::stage::{Stage, trial};

pub(crate) fn trial_of_goose() -> Trial {
    trial("goose", judge)
}

async fn judge(stage: Stage) -> Result<Stage, Failed> {
    let goose = stage.goose()?;
    let files = goose.files()?;
    let last = files
        .len()
        .checked_sub(1)
        .ok_or("there are no migrations")?;
    let with_last = |state| {
        let mut states = vec![true; last];
        states.push(state);
        states
    };

    assert_eq!(goose.applied(&files).await?, vec![false; files.len()]);
    goose.run("up").await?;
    assert_eq!(goose.applied(&files).await?, with_last(true));
    goose.run("down").await?;
    assert_eq!(goose.applied(&files).await?, with_last(false));
    goose.run("up").await?;
    let redone = goose.run("redo").await?;
    assert_eq!(redone.matches(files[last].as_str()).count(), 2, "{redone}");
    assert_eq!(goose.applied(&files).await?, with_last(true));
    let again = goose.run("up").await?;
    assert!(again.contains("no migrations to run"), "{again}");
    Ok(stage)
}
