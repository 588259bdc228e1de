//! The chat under chaos: fifty users who come, talk, replace each other and
//! vanish, while the cloud around them breaks. Each seed is a trial of its own
//! with an emulated cloud of its own; no Kubernetes.
//!
//! `cargo xtask chaos --seeds 20 --first 7` runs seeds 7 to 26; without a
//! choice, two run. What is held against the laws (`wschat_tests::chaos::laws`)
//! is written to `target/run/` when one of them is broken.
#![recursion_limit = "256"]

mod person;
mod recorder;
mod run;
mod shutdown;
mod socket;
mod stage;
mod verdict;
mod weather;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// How many seeds are run, and which is the first.
const SEEDS: (&str, u64) = ("WSCHAT_CHAOS_SEEDS", 2);
const FIRST: (&str, u64) = ("WSCHAT_CHAOS_FIRST", 1);

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // A run has fifty users and ten processes: one at a time.
    arguments.test_threads = Some(1);
    wschat_tests::crypto::use_ring();
    let (seeds, first) = match (number(SEEDS), number(FIRST)) {
        (Ok(seeds), Ok(first)) => (seeds, first),
        (Err(problem), _) | (_, Err(problem)) => {
            eprintln!("chaos: {problem}");
            return ExitCode::FAILURE;
        }
    };
    let seeds = first..first.saturating_add(seeds);
    let trials = std::iter::once(shutdown::trial()).chain(seeds.map(run::trial));
    let trials: Vec<Trial> = trials.collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn number((name, default): (&str, u64)) -> Result<u64, String> {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .map_err(|_| format!("{name} is {text:?}, which is no number")),
        Err(_) => Ok(default),
    }
}
