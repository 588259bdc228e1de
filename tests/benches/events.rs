//! What does each kind of event take, above what a function takes that only
//! returns it? The handler as it is deployed beside the same handler when it
//! opens its link to YDB in every call.

use std::time::Duration;

use wschat_tests::measure::table::{Table, above, milliseconds, ratio};

use crate::Failure;
use crate::rounds::{Answers, Event, Messages};

pub(crate) fn table(messages: &Messages) -> Result<Table, Failure> {
    let header = [
        "",
        "events",
        "p50",
        "p99",
        "p50 above",
        "CPU/event",
        "CPU above",
    ];
    let title = "events: one at a time, by a gateway; times in ms";
    let mut table = Table::new(title, &header);
    for event in Event::ALL {
        let floor = messages.echo.to(event);
        let kept = messages.chat.to(event);
        let opened = messages.link_per_call.to(event);
        let name = name(event);
        table = table
            .row(row(&format!("{name}, echo (floor)"), floor, None)?)
            .row(row(&format!("{name}, link kept"), kept, Some(floor))?)
            .row(row(&format!("{name}, link per call"), opened, Some(floor))?)
            .row(ratios(floor, kept, opened)?);
    }
    Ok(table)
}

fn name(event: Event) -> &'static str {
    match event {
        Event::Connect => "CONNECT to 101",
        Event::Ping => "PING to PONG",
        Event::Send => "SEND to ACK",
        Event::Disconnect => "DISCONNECT to ACK",
    }
}

fn row(name: &str, answers: &Answers, floor: Option<&Answers>) -> Result<Vec<String>, Failure> {
    let (median, processor) = (median(answers)?, answers.processor_each());
    let last = answers.first().percentile(99);
    let mut cells = vec![
        name.to_owned(),
        answers.count().to_string(),
        milliseconds(median),
        milliseconds(last.ok_or("nothing was measured")?),
        String::new(),
        milliseconds(processor),
    ];
    if let Some(floor) = floor {
        cells[4] = above(median, self::median(floor)?);
        cells.push(above(processor, floor.processor_each()));
    }
    Ok(cells)
}

/// How many times what is above the floor is with a link per call.
fn ratios(floor: &Answers, kept: &Answers, opened: &Answers) -> Result<[String; 7], Failure> {
    let more =
        |answers: &Answers| Ok::<_, Failure>(median(answers)?.saturating_sub(median(floor)?));
    let processor = |answers: &Answers| {
        let floor = floor.processor_each();
        answers.processor_each().saturating_sub(floor)
    };
    let (time, whole) = (more(opened)?, median(opened)?);
    Ok([
        "  per call / kept".to_owned(),
        String::new(),
        ratio(whole, median(kept)?),
        String::new(),
        ratio(time, more(kept)?),
        ratio(opened.processor_each(), kept.processor_each()),
        ratio(processor(opened), processor(kept)),
    ])
}

fn median(answers: &Answers) -> Result<Duration, Failure> {
    Ok(answers.first().median().ok_or("nothing was measured")?)
}
