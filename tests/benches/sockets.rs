//! What do idle sockets cost the emulator? They are all of one gateway, and a
//! process of its own holds them, so that nothing of theirs is counted.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use wschat_tests::binaries::Binary;
use wschat_tests::chat_socket::ChatSocket;
use wschat_tests::cloud::Cloud;
use wschat_tests::emulator::{Emulator, Options};
use wschat_tests::measure::processes::{Usage, only_child, resident_memory};
use wschat_tests::measure::table::{Table, milliseconds};
use wschat_tests::process::Launch;
use wschat_tests::wait::eventually;

use crate::Failure;

const SOCKETS: usize = 10_000;
const OPEN_LIMIT: Duration = Duration::from_mins(3);
const END_LIMIT: Duration = Duration::from_mins(1);
const ECHO_LIMIT: Duration = Duration::from_secs(20);
/// How long the emulator is left alone while its processor time is taken.
const REST: Duration = Duration::from_secs(5);

/// What the emulator uses.
struct Cost {
    /// In bytes.
    memory: u64,
    /// Processor time of a rest.
    processor: Duration,
}

pub(crate) async fn table(folder: &Path) -> Result<Table, Failure> {
    let mut emulator = Emulator::start(folder, &Options::default().name("sockets")).await?;
    let cloud = Cloud::of(emulator.addresses())?;
    let url = cloud.echo(cloud.account()).await?;
    let before = rest(&mut emulator).await?;

    let mut table = Table::new(title(), &header()).row(row("none yet", ["", ""], &before));
    let mut kept = before;
    // Twice: what is kept after the first crowd has to do for the second.
    for names in [
        ["all idle", "all gone"],
        ["all idle again", "all gone again"],
    ] {
        let (opening, during) = hold(folder, &mut emulator, &url).await?;
        let each = during.memory.saturating_sub(kept.memory) / u64::try_from(SOCKETS)?;
        let each = format!("{} KiB", each.div_ceil(1 << 10));
        kept = rest(&mut emulator).await?;
        table = table
            .row(row(names[0], [&milliseconds(opening), &each], &during))
            .row(row(names[1], ["", ""], &kept));
    }
    emulator.stop().await?;
    Ok(table)
}

fn title() -> String {
    format!("sockets: {SOCKETS} idle ones of one gateway, twice; times in ms")
}

fn header() -> [&'static str; 5] {
    ["", "opened in", "memory", "each", "CPU in 5 s"]
}

/// Opens all sockets and ends them: how long it took to open them, and what they
/// cost.
async fn hold(
    folder: &Path,
    emulator: &mut Emulator,
    url: &str,
) -> Result<(Duration, Cost), Failure> {
    let launch = Launch::new("idle-sockets", Binary::IdleSockets.path()?)
        .argument(url)
        .argument(SOCKETS.to_string());
    let mut holder = launch.start(folder)?;
    let line = holder.first_line(OPEN_LIMIT).await?;
    let opening = Duration::from_micros(line.parse()?);
    let during = rest(emulator).await?;
    holder.check_running()?;
    holds(emulator, SOCKETS).await?;
    echoes(url).await?;
    holder.kill().await?;
    eventually("all sockets to end", END_LIMIT, || holds(emulator, 0)).await?;
    Ok((opening, during))
}

fn row(name: &str, [opening, each]: [&str; 2], cost: &Cost) -> [String; 5] {
    [
        name.to_owned(),
        opening.to_owned(),
        format!("{} MiB", cost.memory.div_ceil(1 << 20)),
        each.to_owned(),
        milliseconds(cost.processor),
    ]
}

/// Leaves the emulator alone for a while.
async fn rest(emulator: &mut Emulator) -> Result<Cost, Failure> {
    let process = only_child(emulator.process().guard_id())?;
    let before = Usage::of(process)?;
    tokio::time::sleep(REST).await;
    Ok(Cost {
        memory: resident_memory(process)?,
        processor: Usage::of(process)?.since(&before)?,
    })
}

/// Fails unless the emulator has so many sockets.
async fn holds(emulator: &Emulator, sockets: usize) -> Result<(), Failure> {
    match emulator.state().await?.connections.len() {
        found if found == sockets => Ok(()),
        found => Err(format!("the emulator has {found} sockets, not {sockets}").into()),
    }
}

/// One more socket still gets its answer.
async fn echoes(url: &str) -> Result<(), Failure> {
    let mut socket = ChatSocket::connect(url, None).await?;
    socket.send(&json!({ "type": "SEND" })).await?;
    socket.expect_type("SEND", ECHO_LIMIT).await?;
    Ok(socket.close().await?)
}
