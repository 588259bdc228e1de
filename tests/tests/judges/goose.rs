//! goose, whose files the migrations are, on an empty database: there and back.

use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use wschat_tests::binaries::{target_folder, workspace_root};
use wschat_tests::program::Program;

use crate::stage::{Stage, trial};

pub(crate) fn trial_of_goose() -> Trial {
    trial("goose", judge)
}

struct Goose {
    program: Program,
    migrations: PathBuf,
    source: String,
}

impl Goose {
    /// Both outputs of a command that must succeed.
    async fn run(&self, command: &str) -> Result<String, Failed> {
        let migrations = self.migrations.to_string_lossy();
        let arguments = ["-dir", &migrations, "ydb", &self.source, command];
        let output = self.program.output(arguments, "").await?;
        let printed = format!("{}{}", output.stdout, output.stderr);
        output.success()?;
        Ok(printed)
    }

    /// What `status` says of each migration, by file.
    async fn applied(&self, files: &[String]) -> Result<Vec<bool>, Failed> {
        let status = self.run("status").await?;
        let state = |file: &String| {
            let line = status.lines().find(|line| line.contains(file));
            let line = line.ok_or_else(|| format!("no {file} in\n{status}"))?;
            Ok(!line.contains("Pending"))
        };
        files.iter().map(state).collect()
    }
}

async fn judge(stage: Stage) -> Result<Stage, Failed> {
    let migrations = workspace_root().join("migrations");
    let files = sql_files(&migrations)?;
    let last = files
        .len()
        .checked_sub(1)
        .ok_or("there are no migrations")?;
    let goose = Goose {
        program: stage.told(Program::new(target_folder().join("tools/goose"))),
        migrations,
        source: stage.goose_source(),
    };
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

/// Names of the migrations, in their order.
fn sql_files(folder: &Path) -> std::io::Result<Vec<String>> {
    let names = std::fs::read_dir(folder)?
        .map(|file| Ok(file?.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<Vec<_>>>()?;
    let is_sql = |name: &String| {
        Path::new(name)
            .extension()
            .is_some_and(|kind| kind == "sql")
    };
    let mut names: Vec<String> = names.into_iter().filter(is_sql).collect();
    names.sort();
    Ok(names)
}
