//! How long does a message take to the last of many sockets, and what does that
//! cost the emulator, beside a server on the same runtime that only writes the
//! same frame to as many sockets?
//!
//! One participant of a real chat talks. All others are sockets as the
//! operator's probe opens them: they get everything and nobody is told of them,
//! or thousands of joins would go to thousands of sockets first.

use std::path::Path;
use std::time::Duration;

use wschat_tests::binaries::Binary;
use wschat_tests::crowd::fan_out::{Outcome, Plan};
use wschat_tests::emulator::{Emulator, Options};
use wschat_tests::measure::percentiles::Sorted;
use wschat_tests::measure::processes::only_child;
use wschat_tests::measure::table::{Table, milliseconds, ratio};
use wschat_tests::process::{Launch, Process};
use wschat_tests::wait::eventually;

use crate::Failure;
use crate::stage::{crowd, single_chat};

/// Sockets, and messages to all of them.
const SIZES: [(usize, usize); 4] = [(1, 200), (100, 200), (1_000, 100), (10_000, 50)];
/// For opening the sockets and for the messages.
const LIMIT: Duration = Duration::from_mins(5);
const READY_LIMIT: Duration = Duration::from_secs(10);
/// Each end of a socket is a call of the function.
const END_LIMIT: Duration = Duration::from_mins(3);

pub(crate) async fn table(folder: &Path) -> Result<Table, Failure> {
    let mut chat = single_chat(folder, options()).await?;
    let mut raw = Raw::start(folder).await?;
    let header = [
        "",
        "sockets",
        "messages",
        "p50",
        "p99",
        "first p50",
        "spread p50",
        "CPU/message",
        "memory",
        "opened in",
    ];
    let title = "fan-out: SEND to the last socket, to the first, and between them; times in ms";
    let mut table = Table::new(title, &header);
    for (sockets, messages) in SIZES {
        let user = format!("alice-{sockets}");
        let of_chat = Plan {
            process: chat.cloud_process()?,
            sender: format!("{}?user_id={user}", chat.url),
            listener: format!("{}?probe=1", chat.url),
            user: user.clone(),
            sockets,
            messages,
            ready_made: false,
        };
        let of_raw = Plan {
            process: only_child(raw.process.guard_id())?,
            sender: raw.url.clone(),
            listener: raw.url.clone(),
            user,
            ready_made: true,
            ..of_chat
        };
        let chat_told: Outcome = crowd(folder, "fan-out", &of_chat, LIMIT).await?;
        is_empty(&chat.emulator).await?;
        let raw_told: Outcome = crowd(folder, "fan-out", &of_raw, LIMIT).await?;
        table = rows(table, &chat_told, &raw_told, sockets)?;
    }
    raw.process.kill().await?;
    chat.emulator.stop().await?;
    Ok(table)
}

/// Thousands of handshakes and ends are calls that wait for each other, more
/// of them than the cloud's own limit.
fn options() -> Options {
    Options::default()
        .name("fan-out")
        .argument("--quota")
        .argument("serverless.functions.concurrent-calls=20000")
}

/// The server that is compared with.
struct Raw {
    process: Process,
    url: String,
}

impl Raw {
    async fn start(folder: &Path) -> Result<Self, Failure> {
        let launch = Launch::new("raw-fan-out", Binary::RawFanOut.path()?);
        let mut process = launch.start(folder)?;
        let address = process.first_line(READY_LIMIT).await?;
        let url = format!("ws://{address}/");
        Ok(Self { process, url })
    }
}

/// Waits until the emulator has no socket any more.
pub(crate) async fn is_empty(emulator: &Emulator) -> Result<(), Failure> {
    let look = || async {
        match emulator.state().await {
            Ok(state) if state.connections.is_empty() => Ok(()),
            Ok(state) => Err(format!("{} are left", state.connections.len())),
            Err(error) => Err(error.to_string()),
        }
    };
    Ok(eventually("all sockets to end", END_LIMIT, look).await?)
}

fn rows(table: Table, chat: &Outcome, raw: &Outcome, sockets: usize) -> Result<Table, Failure> {
    if chat.frame != raw.frame {
        let (chat, raw) = (chat.frame, raw.frame);
        return Err(format!("frames of {chat} bytes beside frames of {raw}").into());
    }
    let (of_chat, of_raw) = (times(chat)?, times(raw)?);
    let ratios = of_chat.iter().zip(&of_raw);
    let ratios = ratios.map(|(chat, raw)| ratio(*chat, *raw));
    let ratios: Vec<String> = ["  times the raw one", "", ""]
        .map(str::to_owned)
        .into_iter()
        .chain(ratios)
        .collect();
    Ok(table
        .row(row("chat", sockets, chat, &of_chat))
        .row(row("raw", sockets, raw, &of_raw))
        .row(ratios))
}

/// To the last at p50 and p99, to the first and between them at p50, processor
/// time of one.
fn times(outcome: &Outcome) -> Result<[Duration; 5], Failure> {
    let messages = u32::try_from(outcome.last.len())?;
    let pairs = outcome.last.iter().zip(&outcome.first);
    let spread = pairs.map(|(last, first)| last.saturating_sub(*first));
    let spread = Sorted::new(spread.collect());
    let first = Sorted::new(outcome.first.clone());
    let last = Sorted::new(outcome.last.clone());
    let times = || {
        Some([
            last.percentile(50)?,
            last.percentile(99)?,
            first.percentile(50)?,
            spread.percentile(50)?,
            outcome.processor.checked_div(messages)?,
        ])
    };
    Ok(times().ok_or("nothing was measured")?)
}

fn row(name: &str, sockets: usize, outcome: &Outcome, times: &[Duration; 5]) -> Vec<String> {
    let names = [
        name.to_owned(),
        sockets.to_string(),
        outcome.last.len().to_string(),
    ];
    let memory = outcome.memory_after.div_ceil(1 << 20);
    names
        .into_iter()
        .chain(times.iter().copied().map(milliseconds))
        .chain([format!("{memory} MiB"), milliseconds(outcome.opened)])
        .collect()
}
