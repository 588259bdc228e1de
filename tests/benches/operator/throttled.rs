//! The cloud refuses half of all calls for ten minutes (429), while a hundred
//! chats are edited again and again: nothing is made twice, nobody is called for
//! help, and there is no crowd when it is over.
//!
//! `WSCHAT_BENCH_CHATS=5 WSCHAT_BENCH_SECONDS=30 cargo xtask bench throttled` is a
//! short one.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};
use wschat_tests::measure::table::{Table, milliseconds};

use super::site::Site;
use super::{CHATS, numbers};
use crate::Failure;
use crate::stage::control_plane;

const SECONDS: &str = "WSCHAT_BENCH_SECONDS";
/// How long the cloud refuses half of all calls.
const LONG: u64 = 600;
/// All chats are edited so often.
const EDIT: u64 = 30;
/// How long the time afterwards is looked at.
const AFTERWARDS: u64 = 60;
/// As operators have, so that nothing else is called for.
const RESYNC: Duration = Duration::from_mins(10);

/// Numbers of chats, a row for each.
pub(crate) async fn table(folder: &Path) -> Result<Table, Failure> {
    let header = [
        "chats",
        "refusing",
        "edits",
        "refused",
        "calls/s",
        "most",
        "stalled",
        "settled after",
        "calls/s then",
        "most",
    ];
    let title = "throttled: half of all calls are refused for so many seconds while chats are \
                 edited; the operator's REST calls a second in the mean and at most, how many chats \
                 were Stalled; how long until all were as wished, and calls in the minute after \
                 it was over; times in ms";
    let control_plane = control_plane(folder).await?;
    let mut table = Table::new(title, &header);
    for chats in numbers(&CHATS[1..])? {
        let site = Site::start(folder, &control_plane, chats, RESYNC).await?;
        table = table.row(Box::pin(row(site)).await?);
    }
    control_plane.stop().await?;
    Ok(table)
}

async fn row(site: Site) -> Result<Vec<String>, Failure> {
    let seconds = std::env::var(SECONDS).map_or(Ok(LONG), |seconds| seconds.parse())?;
    site.make().await?;
    let refusing = json!({
        "method": "*", "path": "*", "subject": site.account(),
        "times": 0, "every": 2, "action": { "status": 429 },
    });
    site.emulator().set_fault_rules(&[refusing]).await?;
    let during = watch(&site, seconds, Some(EDIT)).await?;
    let refused = site.emulator().fault_hits().await?.into_iter().sum::<u64>();
    site.emulator().clear_faults().await?;
    let over = Instant::now();
    let afterwards = watch(&site, AFTERWARDS.min(seconds), None).await?;
    site.all_as_wished().await?;
    let settled = afterwards.settled.unwrap_or_else(|| over.elapsed());
    nothing_is_there_twice(&site).await?;
    let (chats, stalled) = (site.chats, during.stalled.max(afterwards.stalled));
    site.end().await?;
    if stalled > 0 {
        return Err(format!("{stalled} chats were Stalled").into());
    }
    Ok(vec![
        chats.to_string(),
        seconds.to_string(),
        during.edits.to_string(),
        refused.to_string(),
        format!("{:.1}", during.mean()),
        during.most.to_string(),
        stalled.to_string(),
        milliseconds(settled),
        format!("{:.1}", afterwards.mean()),
        afterwards.most.to_string(),
    ])
}

/// What was seen within some time.
#[derive(Default)]
struct Seen {
    edits: u64,
    calls: u64,
    seconds: u64,
    /// In one second.
    most: u64,
    stalled: u64,
    /// Until all chats were as wished, if that was seen.
    settled: Option<Duration>,
}

impl Seen {
    fn mean(&self) -> f64 {
        let calls = u32::try_from(self.calls).unwrap_or(u32::MAX);
        let seconds = u32::try_from(self.seconds.max(1)).unwrap_or(u32::MAX);
        f64::from(calls) / f64::from(seconds)
    }
}

/// Looks at the operator each second; edits all chats every so many, or looks whether
/// they are as wished.
async fn watch(site: &Site, seconds: u64, edit_every: Option<u64>) -> Result<Seen, Failure> {
    let (begun, mut ticks) = (Instant::now(), interval(Duration::from_secs(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = Seen::default();
    let mut before = site.counters().await?.calls;
    while seen.seconds < seconds {
        ticks.tick().await;
        if edit_every.is_some_and(|every| seen.seconds.is_multiple_of(every)) {
            let memory = ["256Mi", "512Mi"][usize::try_from(seen.edits % 2)?];
            site.edit(&json!({ "handler": { "memory": memory } }))
                .await?;
            seen.edits += 1;
        }
        let counters = site.counters().await?;
        let calls = counters.calls - before;
        seen.calls += calls;
        seen.most = seen.most.max(calls);
        seen.stalled = seen.stalled.max(counters.stalled);
        (before, seen.seconds) = (counters.calls, seen.seconds + 1);
        if seen.settled.is_none() && edit_every.is_none() && site.is_settled().await? {
            seen.settled = Some(begun.elapsed());
        }
    }
    Ok(seen)
}

/// Each chat has one of each thing.
async fn nothing_is_there_twice(site: &Site) -> Result<(), Failure> {
    let state = site.emulator().state().await?;
    for (what, all) in [
        ("databases", &state.databases),
        ("functions", &state.functions),
        ("gateways", &state.gateways),
        ("triggers", &state.triggers),
    ] {
        if all.len() != site.chats {
            return Err(format!("{} chats have {} {what}", site.chats, all.len()).into());
        }
    }
    Ok(())
}
