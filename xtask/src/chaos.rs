//! `cargo xtask chaos`: runs of the chat under chaos, as many as one likes
//! (`tests/tests/chaos`, docs/reliability.md).

use crate::chore::{ChoreError, run as run_command};
use crate::{handler, prerequisites, tools, workspace};

/// Which runs.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many seeds
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The first of them; those after it follow
    #[arg(long, default_value_t = 1)]
    first: u64,
}

/// Builds what is missing and runs the seeds, one after the other.
pub(crate) fn run(options: &Options) -> Result<(), ChoreError> {
    prerequisites::check()?;
    tools::run()?;
    handler::run()?;
    run_command(workspace::cargo().args([
        "build",
        "--workspace",
        "--bins",
        "--locked",
        "--quiet",
    ]))?;
    run_command(
        workspace::cargo()
            .args(["test", "--quiet", "--locked"])
            .args(["--workspace", "--test", "chaos"])
            .env("WSCHAT_CHAOS_SEEDS", options.seeds.to_string())
            .env("WSCHAT_CHAOS_FIRST", options.first.to_string()),
    )
}
