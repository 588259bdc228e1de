//! How often does an event wait for YDB? The way to YDB is made so long that
//! nothing else counts; what an event takes, divided by the way there and back,
//! is how many answers it waited for, one after another. Beside it how many
//! calls YDB got meanwhile, the beginning of a stream counted as one.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use wschat_tests::emulator::Emulator;
use wschat_tests::measure::delay::Delay;
use wschat_tests::measure::percentiles::Sorted;
use wschat_tests::measure::table::{Table, milliseconds};

use crate::Failure;
use crate::module::{Module, connect, message, send, unpack};
use crate::stage::{Place, Site, archive};

const ONE_WAY: Duration = Duration::from_millis(50);
const INSTANCES: usize = 5;

/// What an event of each instance took, and how many calls of YDB.
#[derive(Default)]
struct Waits {
    times: Vec<Duration>,
    calls: Vec<usize>,
}

pub(crate) async fn table(site: &Site, folder: &Path) -> Result<Table, Failure> {
    let delay = Delay::start(site.place.ydb()?, ONE_WAY).await?;
    let place = site.place.through(delay.address())?;
    let kept = unpack(&archive("handler.zip")?, &folder.join("round-trips"))?;
    let kept = waits(&kept, &place, site).await?;
    let per_call = archive("handler-link-per-call.zip")?;
    let per_call = unpack(&per_call, &folder.join("round-trips-per-call"))?;
    let per_call = waits(&per_call, &place, site).await?;
    let header = ["", "instances", "p50", "round trips", "calls of YDB"];
    let way = milliseconds(ONE_WAY * 2);
    let title = format!("round-trips: YDB is {way} ms away, there and back; times in ms");
    let mut table = Table::new(title, &header);
    for (handler, waits) in [("link kept", kept), ("link per call", per_call)] {
        for ((name, _), waits) in events().into_iter().zip(waits) {
            table = table.row(row(format!("{name}, {handler}"), waits)?);
        }
    }
    Ok(table)
}

/// What each of the events waits for in a handler's instances.
async fn waits(handler: &Path, place: &Place, site: &Site) -> Result<[Waits; 5], Failure> {
    let mut all: [Waits; 5] = Default::default();
    for _ in 0..INSTANCES {
        let mut module = Module::start(handler, place)?;
        for (waits, (_, event)) in all.iter_mut().zip(events()) {
            let before = calls(&site.chat.emulator).await?;
            let outcome = module.call(&[event], 1).await?;
            waits.times.extend(outcome.times());
            let calls = calls(&site.chat.emulator).await?;
            waits.calls.push(calls.saturating_sub(before));
        }
    }
    Ok(all)
}

/// In the order in which each instance gets them.
fn events() -> [(&'static str, Value); 5] {
    let leave = json!({ "type": "DISCONNECT" });
    [
        (
            "CONNECT, the instance's first call",
            connect("rt-1", "rt-ann"),
        ),
        ("CONNECT, later", connect("rt-2", "rt-bob")),
        ("SEND", send("rt-2")),
        ("DISCONNECT, a message", message("rt-2", &leave)),
        (
            "PING",
            message("rt-1", &json!({ "type": "PING", "id": "#" })),
        ),
    ]
}

/// How many calls of YDB the emulator has seen.
async fn calls(emulator: &Emulator) -> Result<usize, Failure> {
    let requests = emulator.requests(None).await?;
    Ok(requests.iter().filter(|request| request.grpc).count())
}

fn row(name: String, waits: Waits) -> Result<Vec<String>, Failure> {
    let times = Sorted::new(waits.times);
    let time = times.median().ok_or("nothing was measured")?;
    let mut calls = waits.calls;
    calls.sort_unstable();
    let round_trips = time.as_secs_f64() / (ONE_WAY * 2).as_secs_f64();
    Ok(vec![
        name,
        times.count().to_string(),
        milliseconds(time),
        format!("{round_trips:.1}"),
        calls.get(calls.len() / 2).unwrap_or(&0).to_string(),
    ])
}
