//! `cargo xtask soak`: what `make test` tries some of, all of it, by many seeds.

use crate::chore::{ChoreError, run as run_command};
use crate::{bench, control_plane, handler, judges, prerequisites, test, tools, workspace};

/// How long to go on.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds; each takes some minutes
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// Cases of nonsense that the operator is given, of each kind
    #[arg(long, default_value_t = 10_000)]
    cases: u64,
    /// Chats to which nothing happens for a day
    #[arg(long, default_value_t = 5_000)]
    chats: u64,
}

/// Lets the operator die at every call of a chat's life, also of one that adopts
/// what is there and of one that brings a key, deletes the chat at every call, gives
/// the operator nonsense, as many resyncs as a day has in which nothing happens, and
/// a cloud that refuses half of all calls.
pub(crate) fn run(options: &Options) -> Result<(), ChoreError> {
    prerequisites::check()?;
    tools::node()?;
    handler::run()?;
    // Optimised, as all that follows.
    run_command(
        workspace::cargo()
            .args(["test", "--quiet", "--locked", "--release"])
            .args(["--package", "wschat-tests", "--test", "crash_sweep"])
            .args(["--", "--nocapture"])
            .args(["sweep::", "leave::", "adopted::", "keys::"])
            .env("WSCHAT_SWEEP_SEED", options.seed.to_string())
            .env("WSCHAT_SWEEP_SEEDS", options.seeds.to_string())
            .env("WSCHAT_SWEEP_LIVES", "all"),
    )?;
    killed(options.seed)?;
    // Ten times as fast as without optimisation.
    run_command(
        workspace::cargo()
            .args(["test", "--quiet", "--locked", "--release"])
            .args(["--package", "wschat-tests", "--test", "crash_sweep"])
            .args(["--", "--nocapture", "fuzzed::"])
            .env("WSCHAT_FUZZED_SEED", options.seed.to_string())
            .env("WSCHAT_FUZZED_CASES", options.cases.to_string()),
    )?;
    run_command(
        workspace::cargo()
            .args(["test", "--release", "--quiet", "--locked"])
            .args(["--package", "wschat-tests", "--test", "crash_sweep"])
            .args(["--", "--nocapture", "quiet_day"])
            .env("WSCHAT_QUIET_CHATS", options.chats.to_string()),
    )?;
    bench::run(&bench::Options {
        names: vec!["day".to_owned(), "throttled".to_owned()],
    })
}

/// Kills the operator as `make test` does, at all points instead of ten, with the
/// same programs: what takes long is waiting for Leases to run out.
fn killed(seed: u64) -> Result<(), ChoreError> {
    control_plane::run()?;
    judges::run()?;
    test::binaries()?;
    run_command(
        workspace::cargo()
            .args(["test", "--quiet", "--locked"])
            .args(["--package", "wschat-tests", "--test", "end_to_end"])
            .args(["--", "whoever is killed"])
            .env("WSCHAT_KILL_SEED", seed.to_string())
            .env("WSCHAT_KILL_POINTS", "all"),
    )
}
