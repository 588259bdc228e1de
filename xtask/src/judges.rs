//! `cargo xtask judges`: other people's programs, made ready to judge the
//! emulator (tests/judges, tests/tests/judges).

use std::path::Path;
use std::process::Command;

use crate::chore::{ChoreError, capture, run as run_command, say};
use crate::lock::Lock;
use crate::stamp::{Ingredients, Stamp};
use crate::workspace;

/// Judges in Python: the folder in tests/judges/, and what is installed for it.
const PYTHON_JUDGES: [(&str, &str); 3] = [
    ("descriptors", "Yandex Cloud's API descriptors"),
    ("python-ydb", "YDB's Python SDK"),
    ("web-socket", "the WebSocket conformance cases"),
];

/// The official types of events, and the compiler that holds recorded ones
/// against them: the newest of both when the judge was written. A newer compiler
/// may only add reasons to refuse; newer types are what it is for.
const FUNCTION_TYPES: [&str; 2] = ["@yandex-cloud/function-types@2.1.2", "typescript@7.0.2"];

/// Makes `target/judges/` unless it is there from the same sources.
pub(crate) fn run() -> Result<(), ChoreError> {
    let folder = workspace::target().join("judges");
    let sources = workspace::root().join("tests/judges");
    let _lock = Lock::take(&folder)?;
    for (name, what) in PYTHON_JUDGES {
        python(&sources.join(name), &folder.join(name), what)?;
    }
    npm(&folder.join("function-types"), &FUNCTION_TYPES)?;
    go(
        &sources.join("go-ydb"),
        &folder.join("go-ydb").join("go-ydb.test"),
    )
}

/// Packages of npm at fixed versions, which run no scripts of their own.
fn npm(folder: &Path, packages: &[&str]) -> Result<(), ChoreError> {
    let ingredients = packages
        .iter()
        .fold(Ingredients::default(), |all, one| all.value(one));
    let stamp = Stamp::new(&folder.join("node_modules"), ingredients.hash());
    if stamp.is_fresh() {
        return Ok(());
    }
    say("installing the official types of functions' events (a few seconds)");
    stamp.clear()?;
    std::fs::create_dir_all(folder).map_err(ChoreError::file("make", folder))?;
    run_command(
        Command::new("npm")
            .current_dir(folder)
            .args(["install", "--no-audit", "--no-fund", "--loglevel=error"])
            .args(["--ignore-scripts", "--no-save", "--prefix"])
            .arg(folder)
            .args(packages),
    )?;
    stamp.write()
}

/// A virtual environment with the packages of `requirements.txt`, which names
/// all of them with their versions: pip resolves nothing.
fn python(source: &Path, environment: &Path, what: &str) -> Result<(), ChoreError> {
    let requirements = source.join("requirements.txt");
    let version = capture(Command::new("python3").args(["-c", "import sys; print(sys.version)"]))?;
    let hash = Ingredients::default()
        .value(&version)
        .file(&requirements)?
        .hash();
    let stamp = Stamp::new(environment, hash);
    if stamp.is_fresh() {
        return Ok(());
    }
    say(format_args!(
        "installing {what} (about 20 seconds the first time)"
    ));
    stamp.clear()?;
    run_command(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(environment),
    )?;
    run_command(
        Command::new(environment.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--no-deps"])
            .args(["--disable-pip-version-check", "--requirement"])
            .arg(&requirements),
    )?;
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
    say("building the scenarios on YDB's Go SDK (about a minute the first time)");
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
