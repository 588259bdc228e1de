//! `cargo xtask bench`: builds what is measured, as it is released, and
//! measures it (`tests/benches/`).

use crate::chore::{ChoreError, run as run_command, say};
use crate::handler::Variant;
use crate::{control_plane, handler, prerequisites, tools, workspace};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Questions whose names contain one of these; all but `day` when there is none
    pub(crate) names: Vec<String>,
}

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
    run_command(
        workspace::cargo()
            .args(["bench", "--quiet", "--locked"])
            .args(["--workspace", "--bench", "bench", "--"])
            .args(&options.names),
    )
}
