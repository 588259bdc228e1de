//! `cargo xtask bench`: builds what is measured, as it is released, and
//! measures it (`tests/benches/`).

use crate::chore::{ChoreError, run as run_command, say};
use crate::handler::Variant;
use crate::{control_plane, handler, prerequisites, tools, workspace};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Questions whose names contain one of these; all but `many`, `throttled` and
    /// `day` when there is none
    pub(crate) names: Vec<String>,
}

/// How many chats the question `many` is about. The emulator has three files open
/// for each, and a process has 20,000 at most on some machines.
const MANY: [usize; 2] = [1_000, 5_000];

/// Builds what is missing and measures.
pub(crate) fn run(options: &Options) -> Result<(), ChoreError> {
    prerequisites::check()?;
    control_plane::run()?;
    tools::node()?;
    // Said, not printed: stdout is for the tables.
    say(handler::make(Variant::Deployed)?);
    say(handler::make(Variant::LinkPerCall)?);
    if !workspace::target().join("release/wschat-operator").exists() {
        say("building all programs for release (about 10 minutes the first time)");
    }
    run_command(workspace::cargo().args([
        "build",
        "--release",
        "--workspace",
        "--bins",
        "--locked",
        "--quiet",
    ]))?;
    let seeds = if is_asked(options, "many") {
        copies()?
    } else {
        Vec::new()
    };
    run_command(
        workspace::cargo()
            .env("WSCHAT_BENCH_SEEDS", seeds.join(":"))
            .args(["bench", "--quiet", "--locked"])
            .args(["--workspace", "--bench", "bench", "--"])
            .args(&options.names),
    )
}

fn is_asked(options: &Options, question: &str) -> bool {
    options
        .names
        .iter()
        .any(|part| question.contains(part.as_str()))
}

/// Makes chats by copying one: a folder for each number.
fn copies() -> Result<Vec<String>, ChoreError> {
    let mut folders = Vec::new();
    for chats in MANY {
        let folder = workspace::target().join(format!("run/many-{chats}"));
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(ChoreError::file("remove", &folder))?;
        }
        say(format!("making {chats} chats"));
        run_command(
            workspace::cargo()
                .args(["test", "--release", "--quiet", "--locked"])
                .args(["--package", "wschat-tests", "--test", "crash_sweep"])
                .args(["--", "quiet_day"])
                .env("WSCHAT_QUIET_CHATS", chats.to_string())
                .env("WSCHAT_QUIET_KEEP", &folder),
        )?;
        folders.push(folder.to_string_lossy().into_owned());
    }
    Ok(folders)
}
