//! `cargo xtask judges`: other people's clients of YDB, made ready to judge the
//! emulated one (tests/judges, tests/tests/judges).

use std::path::Path;
use std::process::Command;

use crate::chore::{ChoreError, capture, run as run_command, say};
use crate::lock::Lock;
use crate::stamp::{Ingredients, Stamp};
use crate::workspace;

/// Makes `target/judges/` unless it is there from the same sources.
pub(crate) fn run() -> Result<(), ChoreError> {
    let folder = workspace::target().join("judges");
    let sources = workspace::root().join("tests/judges");
    let _lock = Lock::take(&folder)?;
    python(&sources.join("python-ydb"), &folder.join("python-ydb"))?;
    go(
        &sources.join("go-ydb"),
        &folder.join("go-ydb").join("go-ydb.test"),
    )
}

/// A virtual environment with the packages of `requirements.txt`, which names
/// all of them with their versions: pip resolves nothing.
fn python(source: &Path, environment: &Path) -> Result<(), ChoreError> {
    let requirements = source.join("requirements.txt");
    let version = capture(Command::new("python3").arg("--version"))?;
    let hash = Ingredients::default()
        .value(&version)
        .file(&requirements)?
        .hash();
    let stamp = Stamp::new(environment, hash);
    if stamp.is_fresh() {
        return Ok(());
    }
    say("installing YDB's Python SDK and pytest (about 40 seconds the first time)");
    stamp.clear()?;
    run_command(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(environment),
    )?;
    let pip = |arguments: &[&str]| {
        let mut command = Command::new(environment.join("bin/python"));
        command.args(["-m", "pip", "--quiet", "--disable-pip-version-check"]);
        command.args(arguments);
        command
    };
    run_command(pip(&["install", "--no-deps", "--requirement"]).arg(&requirements))?;
    // Says which package the list lacks, if it lacks one.
    run_command(&mut pip(&["check"]))?;
    stamp.write()
}

/// The scenarios on YDB's Go SDK as one test binary.
fn go(module: &Path, binary: &Path) -> Result<(), ChoreError> {
    let go = capture(Command::new("go").args(["env", "GOVERSION", "GOOS", "GOARCH"]))?;
    let mut ingredients = Ingredients::default().value(&go);
    for file in go_sources(module)? {
        ingredients = ingredients.file(&module.join(file))?;
    }
    let stamp = Stamp::new(binary, ingredients.hash());
    if stamp.is_fresh() {
        return Ok(());
    }
    say("building the scenarios on YDB's Go SDK (about 2 minutes the first time)");
    stamp.clear()?;
    run_command(
        Command::new("go")
            .current_dir(module)
            .args(["test", "-c", "-trimpath", "-ldflags", "-s -w", "-o"])
            .arg(binary)
            .arg("."),
    )?;
    stamp.write()
}

/// Names of a module's own files, in their order.
fn go_sources(module: &Path) -> Result<Vec<std::ffi::OsString>, ChoreError> {
    let entries = std::fs::read_dir(module).map_err(ChoreError::file("read", module))?;
    let mut names = entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(ChoreError::file("read", module))?;
    names.sort();
    Ok(names)
}
