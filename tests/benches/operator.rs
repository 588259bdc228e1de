//! What does an operator cost with many chats? The real program, on a real
//! Kubernetes and the emulated cloud, whose operations end at once and whose
//! quotas have room: so all of the time is the operator's and the emulator's.
//!
//! `WSCHAT_BENCH_CHATS=1000 cargo xtask bench operator` asks for another number.

mod many;
mod ready;
mod site;
mod throttled;

use std::path::Path;
use std::time::Duration;

use wschat_tests::measure::processes::{Usage, resident_memory};
use wschat_tests::measure::table::{Table, milliseconds};

use crate::Failure;
use crate::stage::control_plane;
use site::Site;

pub(crate) use many::table as many;
pub(crate) use ready::table as ready;
pub(crate) use throttled::table as throttled;

/// How many chats, unless somebody asks for another number.
const CHATS: [usize; 2] = [10, 100];
const CHOICE: &str = "WSCHAT_BENCH_CHATS";
/// Instead of ten minutes.
const RESYNC: Duration = Duration::from_secs(10);
/// For so many, everything that an operator does when nothing happens is
/// counted: each part of a chat that lists leave out has its turn.
const RESYNCS: u32 = 5;

/// A day's resyncs follow each other at once.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Of two hours: what grows until then is what has to be there.
const FIRST: u32 = 12;
/// Of the other twenty-two.
const REST: u32 = 132;

/// Numbers of chats, a row for each.
pub(crate) async fn table(folder: &Path) -> Result<Table, Failure> {
    let header = [
        "chats",
        "made in",
        "each",
        "memory",
        "calls",
        "of these YDB",
        "CPU",
        "restart",
        "writes",
    ];
    let title = format!(
        "operator: chats made at once; then, with a resync of {} s, calls of the cloud by chat \
         and resync, and processor time by look; then a restart until all are looked at, and \
         what it wrote; times in ms",
        RESYNC.as_secs()
    );
    let control_plane = control_plane(folder).await?;
    let mut table = Table::new(title, &header);
    for chats in numbers(&CHATS)? {
        let site = Site::start(folder, &control_plane, chats, RESYNC).await?;
        table = table.row(Box::pin(row(site)).await?);
    }
    control_plane.stop().await?;
    Ok(table)
}

fn numbers(usual: &[usize]) -> Result<Vec<usize>, Failure> {
    match std::env::var(CHOICE) {
        Ok(number) => Ok(vec![number.parse()?]),
        Err(_) => Ok(usual.to_vec()),
    }
}

async fn row(mut site: Site) -> Result<Vec<String>, Failure> {
    let made = site.make().await?;
    let process = site.process()?;
    let number = u32::try_from(site.chats)?;

    // From one resync to another, so that each is whole.
    site.resyncs(RESYNCS).await?;
    let (from, before) = (site.last_call().await?, Usage::of(process)?);
    let looks_before = site.counters().await?.looks;
    site.resyncs(RESYNCS).await?;
    let used = Usage::of(process)?.since(&before)?;
    let looks = site.counters().await?.looks - looks_before;
    let (calls, ydb) = site.calls(from).await?;
    let memory = resident_memory(process)?;

    let versions = site.versions().await?;
    let restarted = site.restart().await?;
    let changed = site.versions().await? != versions;
    let writes = site.counters().await?.mutations + u64::from(changed);
    site.end().await?;
    let by_chat = |calls: u32| f64::from(calls) / (f64::from(number) * f64::from(RESYNCS));
    Ok(vec![
        number.to_string(),
        milliseconds(made),
        milliseconds(made / number),
        mebibytes(memory),
        format!("{:.2}", by_chat(calls)),
        format!("{:.2}", by_chat(ydb)),
        milliseconds(used / u32::try_from(looks.max(1))?),
        milliseconds(restarted),
        writes.to_string(),
    ])
}

/// As many resyncs as a day has, of chats that nothing happens to. Fails when
/// anything is written.
pub(crate) async fn day(folder: &Path) -> Result<Table, Failure> {
    let control_plane = control_plane(folder).await?;
    let title = "day: 144 resyncs of chats that nothing happens to";
    let header = [
        "chats",
        "looks",
        "writes",
        "memory after 12",
        "and in the end",
    ];
    let mut table = Table::new(title, &header);
    for chats in numbers(&CHATS[1..])? {
        let mut site = Site::start(folder, &control_plane, chats, AT_ONCE).await?;
        site.make().await?;
        site.restart().await?;
        let process = site.process()?;
        let versions = site.versions().await?;
        site.resyncs(FIRST).await?;
        let early = resident_memory(process)?;
        site.resyncs(REST).await?;
        let late = resident_memory(process)?;
        let counters = site.counters().await?;
        if counters.mutations > 0 || site.versions().await? != versions {
            return Err(format!("{} calls changed the cloud", counters.mutations).into());
        }
        site.end().await?;
        let looks = counters.looks.to_string();
        let row = [
            chats.to_string(),
            looks,
            "0".to_owned(),
            mebibytes(early),
            mebibytes(late),
        ];
        table = table.row(row);
    }
    control_plane.stop().await?;
    Ok(table)
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}
