//! How long does the emulator take from being started to its line of
//! addresses, and how much memory does it have then? Compared with the same
//! program when it only prints its version, which is what starting a process
//! through the guard costs.

use std::path::Path;
use std::time::{Duration, Instant};

use wschat_tests::binaries::Binary;
use wschat_tests::emulator::{Emulator, Options};
use wschat_tests::measure::percentiles::Sorted;
use wschat_tests::measure::processes::{only_child, resident_memory};
use wschat_tests::measure::table::{Table, milliseconds, ratio};
use wschat_tests::process::Launch;

use crate::Failure;

const STARTS: usize = 9;
const VERSION_LIMIT: Duration = Duration::from_secs(10);

pub(crate) async fn table(folder: &Path) -> Result<Table, Failure> {
    let (mut floors, mut starts, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for start in 0..STARTS {
        floors.push(version(folder, start).await?);
        let options = Options::default().name(format!("start-{start}"));
        let mut emulator = Emulator::start(folder, &options).await?;
        starts.push(emulator.started_in());
        let process = only_child(emulator.process().guard_id())?;
        memory.push(resident_memory(process)?);
        emulator.stop().await?;
    }
    memory.sort_unstable();
    let memory = memory.get(STARTS / 2).ok_or("nothing was measured")?;
    let (floors, starts) = (Sorted::new(floors), Sorted::new(starts));
    let pair = floors.median().zip(starts.median());
    let (floor, start) = pair.ok_or("nothing was measured")?;
    let title = "start: the emulator, from nothing to its line of addresses; times in ms";
    let header = ["", "starts", "shortest", "median", "longest", "memory then"];
    Ok(Table::new(title, &header)
        .row(row("yc-emulator --version (floor)", &floors)?)
        .row(
            row("yc-emulator", &starts)?
                .into_iter()
                .chain([format!("{} MiB", memory.div_ceil(1 << 20))]),
        )
        .row(["  times the floor", "", "", &ratio(start, floor)]))
}

fn row(name: &str, times: &Sorted) -> Result<Vec<String>, Failure> {
    let mut cells = vec![name.to_owned(), times.count().to_string()];
    for percent in [0, 50, 100] {
        let time = times.percentile(percent).ok_or("nothing was measured")?;
        cells.push(milliseconds(time));
    }
    Ok(cells)
}

async fn version(folder: &Path, number: usize) -> Result<Duration, Failure> {
    let launch = Launch::new(format!("version-{number}"), Binary::Emulator.path()?);
    let start = Instant::now();
    let mut process = launch.argument("--version").start(folder)?;
    process.first_line(VERSION_LIMIT).await?;
    let time = start.elapsed();
    process.wait(VERSION_LIMIT).await?;
    Ok(time)
}
