//! Benchmarks: a file for each question, the answers as tables on stdout.
//!
//! `make bench` builds what is measured, as it is released, and runs them;
//! `cargo xtask bench NAME` runs those whose names contain NAME. A benchmark
//! fails when something doesn't work, never because it is slow. Figures of two
//! things are compared only when they were measured side by side in one run.

mod archive;
mod at_once;
mod batching;
mod cold;
mod events;
mod fan_out;
mod link;
mod load;
mod module;
mod operator;
mod overhead;
mod resources;
mod round_trips;
mod rounds;
mod sockets;
mod stage;
mod start;

use std::path::Path;
use std::process::{Command, ExitCode};

use jiff::Zoned;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use wschat_tests::binaries::{node, target_folder};
use wschat_tests::measure::machine::Machine;
use wschat_tests::measure::table::Table;
use wschat_tests::run_folder::RunFolder;

use rounds::Messages;
use stage::Site;

/// Why there is nothing to show.
type Failure = Box<dyn std::error::Error>;

/// What can be asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    Overhead,
    Link,
    Events,
    AtOnce,
    Cold,
    RoundTrips,
    Archive,
    Start,
    FanOut,
    Load,
    Batching,
    Sockets,
    Resources,
    Operator,
    Ready,
    Many,
    Throttled,
    Day,
}

impl Question {
    const ALL: [Self; 18] = [
        Self::Overhead,
        Self::Link,
        Self::Events,
        Self::AtOnce,
        Self::Cold,
        Self::RoundTrips,
        Self::Archive,
        Self::Start,
        Self::FanOut,
        Self::Load,
        Self::Batching,
        Self::Sockets,
        Self::Resources,
        Self::Operator,
        Self::Ready,
        Self::Many,
        Self::Throttled,
        Self::Day,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Overhead => "overhead",
            Self::Link => "link",
            Self::Events => "events",
            Self::AtOnce => "at-once",
            Self::Cold => "cold",
            Self::RoundTrips => "round-trips",
            Self::Archive => "archive",
            Self::Start => "start",
            Self::FanOut => "fan-out",
            Self::Load => "load",
            Self::Batching => "batching",
            Self::Sockets => "sockets",
            Self::Resources => "resources",
            Self::Operator => "operator",
            Self::Ready => "ready",
            Self::Many => "many",
            Self::Throttled => "throttled",
            Self::Day => "day",
        }
    }

    /// Whether one of these names means it; without names, whether it is one of
    /// those that take little time.
    fn is_asked(self, names: &[String]) -> bool {
        if names.is_empty() {
            return !matches!(self, Self::Many | Self::Throttled | Self::Day);
        }
        names.iter().any(|part| self.name().contains(part.as_str()))
    }

    async fn answer(self, bench: &Bench<'_>) -> Result<Table, Failure> {
        match self {
            Self::Overhead => overhead::table(bench.messages().await?),
            Self::Link => link::table(bench.folder).await,
            Self::Events => events::table(bench.messages().await?),
            Self::AtOnce => at_once::table(bench.site().await?, bench.folder).await,
            Self::Cold => cold::table(bench.site().await?, bench.folder).await,
            Self::RoundTrips => round_trips::table(bench.site().await?, bench.folder).await,
            Self::Archive => archive::table(),
            Self::Start => start::table(bench.folder).await,
            Self::FanOut => fan_out::table(bench.folder).await,
            Self::Load => load::table(bench.folder).await,
            Self::Batching => batching::table(bench.folder).await,
            Self::Sockets => sockets::table(bench.folder).await,
            Self::Resources => resources::table(bench.folder).await,
            Self::Operator => operator::table(bench.folder).await,
            Self::Ready => operator::ready(bench.folder).await,
            Self::Many => operator::many(bench.folder).await,
            Self::Throttled => operator::throttled(bench.folder).await,
            Self::Day => operator::day(bench.folder).await,
        }
    }
}

/// What several questions share.
struct Bench<'a> {
    folder: &'a Path,
    messages: OnceCell<Messages>,
    site: OnceCell<Site>,
}

impl Bench<'_> {
    /// The messages of this run, exchanged once for all who ask.
    async fn messages(&self) -> Result<&Messages, Failure> {
        self.messages
            .get_or_try_init(|| Box::pin(rounds::run(self.folder)))
            .await
    }

    /// The chat of this run whose handler is called directly.
    async fn site(&self) -> Result<&Site, Failure> {
        self.site
            .get_or_try_init(|| Box::pin(Site::start(self.folder)))
            .await
    }
}

fn main() -> ExitCode {
    let (flags, names): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    if !flags.iter().any(|flag| flag == "--bench") {
        // `cargo test --all-targets` starts benchmarks, too.
        println!("nothing is measured without --bench; `make bench` does it");
        return ExitCode::SUCCESS;
    }
    let questions: Vec<Question> = Question::ALL
        .into_iter()
        .filter(|question| question.is_asked(&names))
        .collect();
    if questions.is_empty() {
        let known = Question::ALL.map(Question::name).join(", ");
        eprintln!("bench: no such question; there are: {known}");
        return ExitCode::FAILURE;
    }
    wschat_tests::crypto::use_ring();
    match run(&questions) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers them in order. The run's folder stays only when one fails, for its
/// logs.
fn run(questions: &[Question]) -> Result<(), Failure> {
    println!("{}", Machine::this());
    println!(
        "{}, wschat {}, Node.js {}",
        Zoned::now().strftime("%Y-%m-%d %H:%M %Z"),
        env!("CARGO_PKG_VERSION"),
        node_version()?
    );
    let runtime = Runtime::new()?;
    let folder = RunFolder::create(&target_folder().join("run"), "bench")?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = answer_all(questions, folder.path()) => outcome.map(|()| true),
            // All processes end with what is dropped here.
            _ = tokio::signal::ctrl_c() => Ok(false),
        }
    });
    match outcome {
        Ok(finished) => {
            folder.remove()?;
            finished.then_some(()).ok_or("stopped by Ctrl-C".into())
        }
        Err(error) => Err(format!("{error}\nlogs are in {}", folder.path().display()).into()),
    }
}

/// Of the Node.js that runs functions.
fn node_version() -> Result<String, Failure> {
    let node = node().ok_or("no Node.js in the target folder; run `cargo xtask tools`")?;
    let output = Command::new(node).arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

async fn answer_all(questions: &[Question], folder: &Path) -> Result<(), Failure> {
    let bench = Bench {
        folder,
        messages: OnceCell::new(),
        site: OnceCell::new(),
    };
    for question in questions {
        let table = question
            .answer(&bench)
            .await
            .map_err(|error| format!("{}: {error}", question.name()))?;
        print!("\n{table}");
    }
    Ok(())
}
