//! `cargo xtask test`: everything that CI does, and a sum at the end.

mod tally;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::chore::{ChoreError, capture, run as run_command, say};
use crate::{control_plane, generate, handler, judges, lengths, prerequisites, tools, workspace};
use tally::Tally;

/// How to test.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Format, lints, lengths, generated files and licences only; no tests
    #[arg(long)]
    only_checks: bool,
}

/// A step with its name, as one may call it oneself.
type Step = (&'static str, fn() -> Result<(), ChoreError>);

const CHECKS: [Step; 6] = [
    ("cargo fmt --all --check", format),
    ("gofmt -l tests", go_format),
    (
        "cargo clippy --workspace --all-targets -- -D warnings",
        lint,
    ),
    ("cargo xtask lengths", lengths::run),
    ("cargo xtask generate --check", generate::check),
    ("cargo deny check bans licenses sources", dependencies),
];
const BUILDS: [Step; 5] = [
    ("cargo xtask control-plane", control_plane::run),
    ("cargo xtask tools", tools::run),
    ("cargo xtask judges", judges::run),
    ("cargo xtask handler", handler::run),
    ("cargo build --workspace --bins", binaries),
];

/// Checks, builds and tests. The last line on stdout sums up the tests.
pub(crate) fn run(options: &Options) -> Result<(), ChoreError> {
    prerequisites::check()?;
    let start = Instant::now();
    let mut failed: Vec<&str> = Vec::new();
    for (name, check) in CHECKS {
        if let Err(error) = timed(name, check) {
            say(format_args!("{name}: {error}"));
            failed.push(name);
        }
    }
    if options.only_checks {
        return verdict(&failed);
    }
    let tally = build_and_test().unwrap_or_else(|error| {
        say(error);
        Tally::broken()
    });
    say(format_args!("took {} s", start.elapsed().as_secs()));
    let checks = verdict(&failed);
    if let Err(error) = &checks {
        say(error);
    }
    println!("{tally}");
    if checks.is_ok() && tally.failed == 0 {
        Ok(())
    } else {
        Err(ChoreError::Told)
    }
}

fn verdict(failed: &[&str]) -> Result<(), ChoreError> {
    if failed.is_empty() {
        Ok(())
    } else {
        Err(ChoreError::refused(format_args!(
            "failed checks: {}",
            failed.join("; ")
        )))
    }
}

/// Says what runs and, when it took a while, for how long.
fn timed(name: &str, step: fn() -> Result<(), ChoreError>) -> Result<(), ChoreError> {
    say(name);
    let start = Instant::now();
    let outcome = step();
    let seconds = start.elapsed().as_secs();
    if seconds > 0 {
        say(format_args!("{name}: {seconds} s"));
    }
    outcome
}

fn build_and_test() -> Result<Tally, ChoreError> {
    for (name, build) in BUILDS {
        timed(name, build)?;
    }
    let mut command = workspace::cargo();
    command.args(["test", "--workspace", "--no-fail-fast", "--locked"]);
    tests(&mut command)
}

/// Runs tests, shows what they print and adds up what they say at their ends.
fn tests(command: &mut Command) -> Result<Tally, ChoreError> {
    let start = |source| ChoreError::Start {
        program: "cargo".to_owned(),
        source,
    };
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(start)?;
    let mut tally = Tally::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(start)?;
            let line = String::from_utf8_lossy(&line);
            tally.read(&line);
            println!("{line}");
            drop(std::io::stdout().flush());
        }
    }
    let status = child.wait().map_err(start)?;
    if !status.success() && tally.failed == 0 {
        // It didn't compile, or a suite ended before it could count.
        say(format_args!("the test run itself failed ({status})"));
        tally.failed = 1;
    }
    Ok(tally)
}

fn format() -> Result<(), ChoreError> {
    run_command(workspace::cargo().args(["fmt", "--all", "--check"]))
}

fn go_format() -> Result<(), ChoreError> {
    let modules = workspace::root().join("tests");
    let unformatted = capture(Command::new("gofmt").arg("-l").arg(modules))?;
    if unformatted.is_empty() {
        Ok(())
    } else {
        Err(ChoreError::refused(format_args!(
            "run `gofmt -w` on {}",
            unformatted.trim()
        )))
    }
}

fn lint() -> Result<(), ChoreError> {
    run_command(workspace::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

fn dependencies() -> Result<(), ChoreError> {
    tools::cargo_deny()?;
    // It judges other systems' dependencies as well, which no build here fetches.
    run_command(workspace::cargo().args(["fetch", "--locked", "--quiet"]))?;
    let program = workspace::target().join("tools/bin/cargo-deny");
    run_command(
        Command::new(program)
            .current_dir(workspace::root())
            .args([
                "--offline",
                "--log-level",
                "error",
                "check",
                "--hide-inclusion-graph",
            ])
            .args(["bans", "licenses", "sources"]),
    )
}

/// Builds the programs that trials start.
pub(crate) fn binaries() -> Result<(), ChoreError> {
    run_command(workspace::cargo().args(["build", "--workspace", "--bins", "--locked"]))
}
