//! What does one instance do with several calls at once? Calls per second and
//! processor time of a SEND, with as many senders as calls, each of which has
//! one message in flight. Above one core an instance can't grow: JavaScript has
//! one thread, and so have the handler's calls.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use wschat_tests::measure::percentiles::Sorted;
use wschat_tests::measure::table::{Table, milliseconds, ratio};

use crate::Failure;
use crate::module::{Module, connect, echo, send, unpack};
use crate::stage::{Site, archive};

/// Calls at once; the last is the most that an instance takes.
const AT_ONCE: [usize; 3] = [1, 4, 16];
const ROUNDS: usize = 6;
/// In a round, all senders together.
const CALLS: usize = 640;
/// To the handler that opens a link in every call.
const CALLS_PER_LINK: usize = 64;

/// One handler, and what it did with so many calls at once.
struct Subject {
    name: &'static str,
    module: Module,
    calls: usize,
    measured: Vec<Measured>,
}

#[derive(Default)]
struct Measured {
    times: Vec<Duration>,
    elapsed: Duration,
    processor: Duration,
}

impl Subject {
    async fn new(
        name: &'static str,
        handler: &Path,
        site: &Site,
        calls: usize,
    ) -> Result<Self, Failure> {
        let mut module = Module::start(handler, &site.place)?;
        for lane in 0..AT_ONCE[AT_ONCE.len() - 1] {
            let connection = connection(name, lane);
            let user = format!("{name}-{lane}").replace(' ', "-");
            module.call(&[connect(&connection, &user)], 1).await?;
        }
        Ok(Self {
            name,
            module,
            calls,
            measured: AT_ONCE.map(|_| Measured::default()).into(),
        })
    }

    async fn round(&mut self, counted: bool) -> Result<(), Failure> {
        for (at_once, measured) in AT_ONCE.iter().zip(&mut self.measured) {
            let lanes: Vec<Value> = (0..*at_once)
                .map(|lane| send(&connection(self.name, lane)))
                .collect();
            let outcome = self.module.call(&lanes, self.calls / at_once).await?;
            if counted {
                measured.times.extend(outcome.times());
                measured.elapsed += outcome.elapsed();
                measured.processor += outcome.processor();
            }
        }
        Ok(())
    }
}

fn connection(name: &str, lane: usize) -> String {
    format!("{}-{lane}", name.replace(' ', "-"))
}

pub(crate) async fn table(site: &Site, folder: &Path) -> Result<Table, Failure> {
    let deployed = unpack(&archive("handler.zip")?, &folder.join("at-once-deployed"))?;
    let per_call = archive("handler-link-per-call.zip")?;
    let per_call = unpack(&per_call, &folder.join("at-once-per-call"))?;
    let echo = echo(&folder.join("at-once-echo"))?;
    let mut subjects = [
        Subject::new("echo (floor)", &echo, site, CALLS).await?,
        Subject::new("link kept", &deployed, site, CALLS).await?,
        Subject::new("link per call", &per_call, site, CALLS_PER_LINK).await?,
    ];
    for round in 0..=ROUNDS {
        for subject in &mut subjects {
            subject.round(round > 0).await?;
        }
    }
    let header = [
        "", "at once", "calls", "calls/s", "p50", "p99", "CPU/call", "cores",
    ];
    let title = "at-once: SEND to one instance, called directly; times in ms";
    let mut table = Table::new(title, &header);
    for subject in &mut subjects {
        for (at_once, measured) in AT_ONCE.iter().zip(subject.measured.drain(..)) {
            table = table.row(row(subject.name, *at_once, measured)?);
        }
    }
    Ok(table)
}

fn row(name: &str, at_once: usize, measured: Measured) -> Result<Vec<String>, Failure> {
    let Measured {
        times,
        elapsed,
        processor,
    } = measured;
    let times = Sorted::new(times);
    let calls = u32::try_from(times.count())?;
    let percentile = |percent| times.percentile(percent).ok_or("nothing was measured");
    Ok(vec![
        name.to_owned(),
        at_once.to_string(),
        calls.to_string(),
        format!("{:.0}", f64::from(calls) / elapsed.as_secs_f64()),
        milliseconds(percentile(50)?),
        milliseconds(percentile(99)?),
        milliseconds(processor / calls.max(1)),
        ratio(processor, elapsed),
    ])
}
