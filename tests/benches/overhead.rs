//! How much longer does a message take through the chat than the same frame
//! through a function that only returns it? Gateway, function call and Node.js
//! are in both; what is above the floor is the handler, YDB's topic and, for a
//! BROADCAST, the trigger.

use wschat_tests::measure::percentiles::Sorted;
use wschat_tests::measure::table::{Table, above, milliseconds, ratio};

use crate::Failure;
use crate::rounds::{Event, Messages};

const PERCENTS: [usize; 2] = [50, 99];

pub(crate) fn table(messages: &Messages) -> Result<Table, Failure> {
    let floor = messages.echo.to(Event::Send).first();
    let chat = messages.chat.to(Event::Send);
    let table = Table::new(
        "overhead: one sender, one message in flight; times in ms",
        &["", "messages", "p50", "p99"],
    );
    let table = absolute(table, "SEND to echo (floor)", floor)?;
    let table = absolute(table, "SEND to ACK", chat.first())?;
    let table = relative(table, chat.first(), floor)?;
    let table = absolute(table, "SEND to BROADCAST", chat.last())?;
    relative(table, chat.last(), floor)
}

fn absolute(table: Table, name: &str, times: &Sorted) -> Result<Table, Failure> {
    let mut cells = vec![name.to_owned(), times.count().to_string()];
    for percent in PERCENTS {
        let time = times.percentile(percent).ok_or("nothing was measured")?;
        cells.push(milliseconds(time));
    }
    Ok(table.row(cells))
}

fn relative(table: Table, times: &Sorted, floor: &Sorted) -> Result<Table, Failure> {
    let mut difference = vec!["  above the floor".to_owned(), String::new()];
    let mut multiple = vec!["  times the floor".to_owned(), String::new()];
    for percent in PERCENTS {
        let pair = times.percentile(percent).zip(floor.percentile(percent));
        let (time, floor) = pair.ok_or("nothing was measured")?;
        difference.push(above(time, floor));
        multiple.push(ratio(time, floor));
    }
    Ok(table.row(difference).row(multiple))
}
