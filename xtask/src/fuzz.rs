//! `cargo xtask fuzz`: builds the fuzz targets with libFuzzer, on the stable
//! compiler, and runs them one after the other (`fuzz/`, `emulator/src/fuzzing/`).

mod report;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::chore::{ChoreError, capture, run as run_command, say};
use crate::workspace;
use report::Report;

/// What the targets' code and their dependency on libFuzzer are chosen by.
const FLAGS: [&str; 2] = ["--cfg", "fuzzing"];
/// Seconds that a case may take: more is a hang.
const TIMEOUT: u32 = 10;
/// Megabytes that the process may have: more is a leak, or a bomb.
const MEMORY: u32 = 2048;
/// Bytes of a case.
const LONGEST: u32 = 4096;

/// What to fuzz, and for how long.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Targets, by the folders in fuzz/corpus/; all when there is none
    targets: Vec<String>,
    /// How many cases each of them gets
    #[arg(long, default_value_t = 1_000_000)]
    cases: u64,
    /// Run this one file instead, as often as it takes to look at it
    #[arg(
        long,
        value_name = "FILE",
        requires = "targets",
        conflicts_with = "keep"
    )]
    case: Option<PathBuf>,
    /// Then write the smallest set of cases that reaches as much to fuzz/corpus/
    #[arg(long)]
    keep: bool,
}

/// Where a target's files are.
struct Target {
    name: String,
    /// Committed.
    kept: PathBuf,
    /// Found in runs on this machine.
    found: PathBuf,
    /// What cases that fail are called.
    failing: PathBuf,
    log: PathBuf,
}

/// Builds, runs all targets, and prints a table. One that fails ends the run.
pub(crate) fn run(options: &Options) -> Result<(), ChoreError> {
    // What was asked for wrongly is told before the long build.
    let mut targets = Vec::new();
    for name in names(&options.targets)? {
        targets.push(Target::new(&name)?);
    }
    let case = options.case.as_ref();
    let case = case.map(|case| case.canonicalize().map_err(ChoreError::file("find", case)));
    let case = case.transpose()?;
    let driver = build()?;
    if let Some(case) = case {
        return targets
            .iter()
            .try_for_each(|target| run_command(command(&driver, target).arg(&case)));
    }
    let mut reports = Vec::new();
    for target in &targets {
        say(format_args!("{}: {} cases", target.name, options.cases));
        reports.push(fuzz(&driver, target, options.cases)?);
        if options.keep {
            keep(&driver, target)?;
        }
    }
    println!("{}", report::table(&reports));
    Ok(())
}

/// All targets, or those that were named.
fn names(wanted: &[String]) -> Result<Vec<String>, ChoreError> {
    let folder = workspace::root().join("fuzz/corpus");
    let entries = std::fs::read_dir(&folder).map_err(ChoreError::file("read", &folder))?;
    let mut known: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    known.sort();
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) {
        let known = known.join(", ");
        return Err(ChoreError::refused(format_args!(
            "there is no target {unknown}; known: {known}"
        )));
    }
    Ok(if wanted.is_empty() {
        known
    } else {
        wanted.to_vec()
    })
}

/// The program that drives all targets, in a target folder of its own.
fn build() -> Result<PathBuf, ChoreError> {
    if capture(Command::new("c++").arg("--version")).is_err() {
        let words = "missing: a C++ compiler, for libFuzzer (Debian: build-essential)";
        return Err(ChoreError::refused(words));
    }
    let triple = capture(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let triple = triple.trim();
    let folder = workspace::target().join("fuzz/build");
    let driver = folder.join(triple).join("fuzz/wschat-fuzz");
    if !driver.exists() {
        say("building the fuzz targets (about 10 minutes the first time)");
    }
    // With a target, build scripts and macros are compiled without these flags.
    // Only our own code is instrumented: libFuzzer looks at every edge after each
    // case, and those of dependencies tell nothing about ours.
    run_command(
        workspace::cargo()
            .env("CARGO_TARGET_DIR", &folder)
            .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"))
            .env(
                "RUSTC_WORKSPACE_WRAPPER",
                workspace::root().join("fuzz/instrument"),
            )
            .args(["build", "--quiet", "--locked", "--profile", "fuzz"])
            .args(["--package", "wschat-fuzz", "--bins"])
            .args(["--target", triple]),
    )?;
    Ok(driver)
}

impl Target {
    fn new(name: &str) -> Result<Self, ChoreError> {
        let folder = workspace::target().join("fuzz");
        let target = Self {
            name: name.to_owned(),
            kept: workspace::root().join("fuzz/corpus").join(name),
            found: folder.join("corpus").join(name),
            failing: folder.join(format!("{name}-")),
            log: folder.join(format!("{name}.log")),
        };
        let found = &target.found;
        std::fs::create_dir_all(found).map_err(ChoreError::file("create", found))?;
        Ok(target)
    }
}

fn command(driver: &Path, target: &Target) -> Command {
    let mut command = Command::new(driver);
    command
        .current_dir(workspace::root())
        .env("FUZZ_TARGET", &target.name)
        .env("TMPDIR", databases())
        .arg(format!("-artifact_prefix={}", target.failing.display()))
        .arg(format!("-timeout={TIMEOUT}"))
        .arg(format!("-rss_limit_mb={MEMORY}"));
    command
}

/// Where databases are made anew for many cases: in memory, where that can be had.
fn databases() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    }
}

/// Runs a target; its output goes to its log.
fn fuzz(driver: &Path, target: &Target, cases: u64) -> Result<Report, ChoreError> {
    let words = workspace::root()
        .join("fuzz/dictionaries")
        .join(format!("{}.txt", target.name));
    let log = File::create(&target.log).map_err(ChoreError::file("create", &target.log))?;
    let mut command = command(driver, target);
    command
        .arg(format!("-runs={cases}"))
        .arg(format!("-max_len={LONGEST}"))
        // Long cases early: short ones can't hold a conversation.
        .arg("-len_control=10")
        .arg("-print_final_stats=1");
    if words.exists() {
        command.arg(format!("-dict={}", words.display()));
    }
    let outcome = run_command(command.arg(&target.found).arg(&target.kept).stderr(log));
    let log = std::fs::read(&target.log).map_err(ChoreError::file("read", &target.log))?;
    let log = String::from_utf8_lossy(&log);
    match outcome {
        Ok(()) => Ok(Report::read(&target.name, &log)),
        Err(_) => Err(ChoreError::refused(failure(target, &log))),
    }
}

/// What broke, and how to see it again.
fn failure(target: &Target, log: &str) -> String {
    let what = report::fault(log);
    let name = &target.name;
    match report::failing_case(log) {
        Some(case) => format!(
            "{name} fails: {what}\n  see it again: cargo xtask fuzz {name} --case {case}\n  \
             everything it said: {}",
            target.log.display()
        ),
        None => format!("{name} fails: {what}; see {}", target.log.display()),
    }
}

/// Leaves in `fuzz/corpus/` what reaches as much as everything that was found.
fn keep(driver: &Path, target: &Target) -> Result<(), ChoreError> {
    let all = target.found.with_extension("all");
    let log = File::create(&target.log).map_err(ChoreError::file("create", &target.log))?;
    std::fs::rename(&target.kept, &all).map_err(ChoreError::file("move", &target.kept))?;
    std::fs::create_dir(&target.kept).map_err(ChoreError::file("create", &target.kept))?;
    let merged = run_command(
        command(driver, target)
            .arg("-set_cover_merge=1")
            .args([&target.kept, &all, &target.found])
            .stderr(log),
    );
    std::fs::remove_dir_all(&all).map_err(ChoreError::file("remove", &all))?;
    merged
}
