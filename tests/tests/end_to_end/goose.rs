//! Migrations: goose, whose files they are, finds what the operator did as if
//! it had done it itself.

use std::path::Path;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use url::Url;
use wschat_tests::binaries::{target_folder, workspace_root};
use wschat_tests::program::Program;

use crate::stage::Stage;
use crate::suite::{Handle, Scene};

/// goose never gives up by itself when a database doesn't answer as it likes.
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial("goose agrees about migrations", goose_agrees)]
}

async fn goose_agrees(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    stage.lobby().await?;
    let database = data_source(&stage).await?;
    let migrations = workspace_root().join("migrations");
    let goose = Program::new(target_folder().join("tools/goose"));
    let run = async |command: &str| {
        let arguments = [
            "-dir",
            &migrations.to_string_lossy(),
            "ydb",
            &database,
            command,
        ];
        let output = tokio::time::timeout(LIMIT, goose.output(arguments, ""))
            .await
            .map_err(|_| format!("goose {command} took longer than {LIMIT:?}"))??;
        let printed = format!("{}{}", output.stdout, output.stderr);
        output.success()?;
        Ok::<_, Failed>(printed)
    };

    let status = run("status").await?;
    let mut files = std::fs::read_dir(&migrations)?
        .map(|file| Ok(file?.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<Vec<_>>>()?;
    files.retain(|file| {
        Path::new(file)
            .extension()
            .is_some_and(|kind| kind == "sql")
    });
    assert!(!files.is_empty());
    for file in files {
        let line = status.lines().find(|line| line.contains(&file));
        let line = line.ok_or_else(|| format!("no {file} in\n{status}"))?;
        assert!(!line.contains("Pending"), "{line}");
    }
    let up = run("up").await?;
    assert!(up.contains("no migrations to run"), "{up}");
    stage.clear().await
}

/// The chat's database as goose takes it, with the operator's own token.
async fn data_source(stage: &Stage) -> Result<String, Failed> {
    let existing = stage.emulator.state().await?;
    let endpoint = existing
        .databases
        .first()
        .map(|one| one["endpoint"].clone());
    let endpoint = endpoint.unwrap_or_default();
    let mut url = Url::parse(endpoint.as_str().ok_or("the database has no endpoint")?)?;
    let (_, path) = url
        .query_pairs()
        .find(|(name, _)| name == "database")
        .ok_or("the endpoint names no database")?;
    let path = path.into_owned();
    url.set_path(&path);
    let requests = stage.emulator.requests(None).await?;
    let tokens = requests.iter().filter(|one| one.path == "/iam/v1/tokens");
    let mut tokens = tokens.filter_map(|one| one.response_body["iamToken"].as_str());
    let token = tokens.next_back().ok_or("the operator took no token")?;
    url.query_pairs_mut()
        .clear()
        .append_pair("go_query_mode", "scripting")
        .append_pair("go_fake_tx", "scripting")
        .append_pair("go_query_bind", "declare,numeric")
        .append_pair("token", token);
    Ok(url.into())
}
