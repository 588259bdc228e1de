//! Does a busy chat lose or double anything, and how late do its messages get?
//! Participants talk for a minute at a fixed rate, whatever the chat does.
//!
//! One that is lost or doubled fails the benchmark; a late one doesn't.

use std::path::Path;
use std::time::Duration;

use wschat_tests::crowd::load::{Outcome, Plan};
use wschat_tests::emulator::Options;
use wschat_tests::measure::processes::resident_memory;
use wschat_tests::measure::table::{Table, milliseconds};

use crate::Failure;
use crate::fan_out::is_empty;
use crate::stage::{crowd, single_chat};

const PARTICIPANTS: usize = 100;
/// Messages a second, of all together.
const RATE: u32 = 1_000;
const MESSAGES: usize = 60_000;
/// The minute, and as much for what is late, twice.
const LIMIT: Duration = Duration::from_mins(4);

pub(crate) async fn table(folder: &Path) -> Result<Table, Failure> {
    let mut chat = single_chat(folder, options("load")).await?;
    let process = chat.cloud_process()?;
    let plan = Plan {
        process,
        url: chat.url.clone(),
        participants: PARTICIPANTS,
        rate: RATE,
        messages: MESSAGES,
    };
    let before = resident_memory(process)?;
    let outcome: Outcome = crowd(folder, "load", &plan, LIMIT).await?;
    let after = resident_memory(process)?;
    is_empty(&chat.emulator).await?;
    chat.emulator.stop().await?;
    Ok(told(&whole(outcome)?, [before, after]))
}

/// Everybody may be answered at once, more than the cloud's own limit.
pub(crate) fn options(name: &str) -> Options {
    Options::default()
        .name(name)
        .argument("--quota")
        .argument("serverless.functions.concurrent-calls=200")
}

/// The outcome, if nothing is lost and nothing doubled.
pub(crate) fn whole(outcome: Outcome) -> Result<Outcome, Failure> {
    match outcome {
        Outcome {
            lost: 0,
            doubled: 0,
            ..
        } => Ok(outcome),
        Outcome { lost, doubled, .. } => {
            Err(format!("{lost} messages or ACKs are lost and {doubled} doubled").into())
        }
    }
}

fn told(outcome: &Outcome, [before, after]: [u64; 2]) -> Table {
    let title = format!(
        "load: {PARTICIPANTS} participants, {MESSAGES} messages at {RATE} a second in all, every \
         one of them once at every participant; times in ms"
    );
    let mebibytes = |bytes: u64| format!("{} MiB", bytes.div_ceil(1 << 20));
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    let row = |name: &str, times: [Duration; 3]| {
        let times = times.map(milliseconds);
        [name.to_owned()].into_iter().chain(times)
    };
    Table::new(title, &["", "p50", "p99", "longest"])
        .row(row("due to ACK", outcome.acknowledgement))
        .row(row("due to BROADCAST", outcome.broadcast))
        .row(["took".to_owned(), seconds(outcome.took)])
        .row(["frames to each".to_owned(), outcome.frames.to_string()])
        .row(["emulator: CPU".to_owned(), seconds(outcome.processor)])
        .row([
            "emulator: memory before, after".to_owned(),
            mebibytes(before),
            mebibytes(after),
        ])
        .row([
            "functions: CPU".to_owned(),
            seconds(outcome.processor_of_children),
        ])
}
