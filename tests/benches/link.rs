//! What does an instance gain by keeping its link to YDB, one driver and one
//! topic writer, over opening one in every call? The same handler is built both
//! ways (feature `link-per-call`).

use std::time::Duration;

use wschat_tests::measure::table::{Table, milliseconds, ratio};

use crate::Failure;
use crate::rounds::{Answers, Event, Messages};

/// Processor time of a message, then times to ACK and to BROADCAST.
struct Costs([Duration; 5]);

pub(crate) fn table(messages: &Messages) -> Result<Table, Failure> {
    let send = Event::Send;
    let (kept, opened) = (messages.chat.to(send), messages.link_per_call.to(send));
    let echo = messages.echo.to(send);
    let (kept_costs, opened_costs) = (costs(kept)?, costs(opened)?);
    let ratios = opened_costs.0.into_iter().zip(kept_costs.0);
    let ratios = ratios.map(|(opened, kept)| ratio(opened, kept));
    let header = [
        "",
        "messages",
        "CPU/message",
        "ACK p50",
        "ACK p99",
        "BROADCAST p50",
        "BROADCAST p99",
    ];
    let title = "link: processor time of the function's Node.js, and times; in ms";
    Ok(Table::new(title, &header)
        .row([
            "echo (floor)".to_owned(),
            echo.count().to_string(),
            milliseconds(echo.processor_each()),
        ])
        .row(row("kept by the instance", kept, &kept_costs))
        .row(row("opened in every call", opened, &opened_costs))
        .row(
            ["  opened / kept".to_owned(), String::new()]
                .into_iter()
                .chain(ratios),
        ))
}

fn costs(answers: &Answers) -> Result<Costs, Failure> {
    let (acks, broadcasts) = (answers.first(), answers.last());
    let times = || {
        Some(Costs([
            answers.processor_each(),
            acks.percentile(50)?,
            acks.percentile(99)?,
            broadcasts.percentile(50)?,
            broadcasts.percentile(99)?,
        ]))
    };
    Ok(times().ok_or("nothing was measured")?)
}

fn row(name: &str, answers: &Answers, costs: &Costs) -> Vec<String> {
    let names = [name.to_owned(), answers.count().to_string()];
    names.into_iter().chain(costs.0.map(milliseconds)).collect()
}
