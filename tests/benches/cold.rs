//! What does a cold start cost above Node.js itself? How much longer a process
//! lives that loads the handler and ends, how long the first events take, and
//! how much memory an instance has then.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;
use wschat_tests::binaries::node;
use wschat_tests::measure::percentiles::Sorted;
use wschat_tests::measure::table::{Table, above, milliseconds};

use crate::Failure;
use crate::module::{Module, connect, echo, send, unpack};
use crate::stage::{Site, archive};

const STARTS: usize = 40;
const INSTANCES: usize = 15;
/// Messages after which an instance is called warm.
const MESSAGES: usize = 2_000;
const MEBIBYTE: u64 = 1 << 20;

pub(crate) async fn table(site: &Site, folder: &Path) -> Result<Table, Failure> {
    let handler = unpack(&archive("handler.zip")?, &folder.join("cold"))?;
    let echo = echo(&folder.join("cold-echo"))?;
    let table = starts(&handler, &echo).await?;
    let table = first_events(table, &handler, site).await?;
    let floor = memory(&echo, site).await?;
    let warm = memory(&handler, site).await?;
    let memory = |name: &str, bytes: u64| {
        let mebibytes = format!("{} MiB", bytes.div_ceil(MEBIBYTE));
        [name.to_owned(), String::new(), mebibytes]
    };
    Ok(table
        .row(memory("memory, echo after messages (floor)", floor))
        .row(memory("memory, warm instance", warm))
        .row(memory("  above the floor", warm.saturating_sub(floor))))
}

/// From starting Node.js to its end, with the handler and without, in turns.
async fn starts(handler: &Path, echo: &Path) -> Result<Table, Failure> {
    let (mut bare, mut loaded) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        bare.push(start(echo).await?);
        loaded.push(start(handler).await?);
    }
    let (bare, loaded) = (Sorted::new(bare), Sorted::new(loaded));
    let header = ["", "times", "p50", "p99"];
    let title = "cold: an instance starts; times in ms";
    let table = Table::new(title, &header);
    let table = table.row(row("Node.js loads a script, and ends (floor)", &bare)?);
    let table = table.row(row("Node.js loads the handler, and ends", &loaded)?);
    let pair = loaded.median().zip(bare.median());
    let (loaded, bare) = pair.ok_or("nothing was measured")?;
    Ok(table.row(["  above the floor", "", &above(loaded, bare)]))
}

async fn start(script: &Path) -> Result<Duration, Failure> {
    let node = node().ok_or("no Node.js in the target folder")?;
    let began = Instant::now();
    let mut command = Command::new(node);
    command.arg(script).env_clear().stdin(Stdio::null());
    let status = command.status().await?;
    if status.success() {
        Ok(began.elapsed())
    } else {
        Err(format!("{} ended with {status}", script.display()).into())
    }
}

/// The first CONNECT of an instance, then another.
async fn first_events(table: Table, handler: &Path, site: &Site) -> Result<Table, Failure> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for instance in 0..INSTANCES {
        let mut module = Module::start(handler, &site.place)?;
        for (number, times) in [&mut first, &mut second].into_iter().enumerate() {
            let name = format!("cold-{instance}-{number}");
            times.extend(module.call(&[connect(&name, &name)], 1).await?.times());
        }
    }
    Ok(table
        .row(row("first CONNECT of an instance", &Sorted::new(first))?)
        .row(row("CONNECT after it", &Sorted::new(second))?))
}

/// Of a process that has served messages.
async fn memory(handler: &Path, site: &Site) -> Result<u64, Failure> {
    let mut module = Module::start(handler, &site.place)?;
    module.call(&[connect("warm", "warm")], 1).await?;
    let outcome = module.call(&[send("warm")], MESSAGES).await?;
    Ok(outcome.memory)
}

fn row(name: &str, times: &Sorted) -> Result<Vec<String>, Failure> {
    let mut cells = vec![name.to_owned(), times.count().to_string()];
    for percent in [50, 99] {
        let time = times.percentile(percent).ok_or("nothing was measured")?;
        cells.push(milliseconds(time));
    }
    Ok(cells)
}
