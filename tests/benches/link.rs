//! What does an instance gain by keeping its link to YDB, one driver and one
//! topic writer, over opening one in every call? The same handler is built both
//! ways (feature `link-per-call`), and all is said over TLS, as in the real
//! cloud, where a link also costs its handshakes. The floor is PING, which takes
//! the same way into the same handler and back, and asks nobody.

use std::path::Path;
use std::time::Duration;

use wschat_tests::measure::table::{Table, milliseconds, ratio};

use crate::Failure;
use crate::rounds::{Answered, Answers, Event, run_over_tls};

/// Processor time of an event, then times to its first answer.
struct Costs([Duration; 3]);

pub(crate) async fn table(folder: &Path) -> Result<Table, Failure> {
    let [kept, opened] = Box::pin(run_over_tls(folder)).await?;
    let header = ["", "events", "CPU/event", "p50", "p99"];
    let title = "link: over TLS; processor time of the function's Node.js, and times; in ms";
    let mut table = Table::new(title, &header);
    let floor = costs(kept.to(Event::Ping))?;
    table = table.row(row("PING (floor)", kept.to(Event::Ping), &floor));
    for (name, event) in [("SEND", Event::Send), ("DISCONNECT", Event::Disconnect)] {
        table = rows(table, name, event, [&kept, &opened], &floor)?;
    }
    Ok(table)
}

fn rows(
    table: Table,
    name: &str,
    event: Event,
    [kept, opened]: [&Answered; 2],
    floor: &Costs,
) -> Result<Table, Failure> {
    let (kept, opened) = (kept.to(event), opened.to(event));
    let (kept_costs, opened_costs) = (costs(kept)?, costs(opened)?);
    let whole = ratios(&opened_costs, &kept_costs, &Costs([Duration::ZERO; 3]));
    let above = ratios(&opened_costs, &kept_costs, floor);
    let named = |name: &str, cells: [String; 3]| {
        let names = [format!("  {name}"), String::new()];
        names.into_iter().chain(cells).collect::<Vec<_>>()
    };
    Ok(table
        .row(row(&format!("{name}, link kept"), kept, &kept_costs))
        .row(row(
            &format!("{name}, link per call"),
            opened,
            &opened_costs,
        ))
        .row(named("per call / kept", whole))
        .row(named("per call / kept, above the floor", above)))
}

fn costs(answers: &Answers) -> Result<Costs, Failure> {
    let first = answers.first();
    let times = first.percentile(50).zip(first.percentile(99));
    let (middle, late) = times.ok_or("nothing was measured")?;
    Ok(Costs([answers.processor_each(), middle, late]))
}

fn ratios(opened: &Costs, kept: &Costs, floor: &Costs) -> [String; 3] {
    let above = |costs: &Costs, at: usize| costs.0[at].saturating_sub(floor.0[at]);
    [0, 1, 2].map(|at| ratio(above(opened, at), above(kept, at)))
}

fn row(name: &str, answers: &Answers, costs: &Costs) -> Vec<String> {
    let names = [name.to_owned(), answers.count().to_string()];
    names.into_iter().chain(costs.0.map(milliseconds)).collect()
}
