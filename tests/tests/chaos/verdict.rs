//! Holds a run against the laws, and tells what somebody needs to mend it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use libtest_mimic::Failed;
use wschat_tests::chaos::history::{Happened, History};
use wschat_tests::chaos::laws::broken_in;

/// Of a user's events, so many are shown; all are in the run's folder.
const SHOWN: usize = 60;

/// Fails unless all laws hold. The history is written to the folder then.
pub(crate) fn pass(name: &str, history: &History, folder: &Path) -> Result<(), Failed> {
    println!("{name}: {}", sum(history));
    let broken = broken_in(history);
    if broken.is_empty() {
        return Ok(());
    }
    let file = folder.join("history.txt");
    std::fs::write(&file, whole(history))?;
    let mut text = format!("{name} breaks {} laws\n", broken.len());
    for (law, broken) in &broken {
        let _ = writeln!(text, "\nlaw: {law}\n     {broken}");
        let about = history.about(&broken.users);
        let shown = about.len().saturating_sub(SHOWN);
        let _ = writeln!(text, "of {}, the last events:", broken.users.join(" and "));
        for line in &about[shown..] {
            let _ = writeln!(text, "  {line}");
        }
    }
    let _ = write!(text, "\nall of it: {}", file.display());
    if let Some(seed) = name.strip_prefix("seed ") {
        let _ = write!(text, "\nagain: cargo xtask chaos --first {seed} --seeds 1");
    }
    Err(text.into())
}

/// What a run was, in a line.
fn sum(history: &History) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for moment in &history.moments {
        let name = match &moment.happened {
            Happened::Opened { .. } => "sockets",
            Happened::Refused { .. } | Happened::Unanswered { .. } => "refused",
            Happened::Said { .. } => "said",
            Happened::Heard { message, .. } if message.is_ack_of_send() => "acknowledged",
            Happened::Heard { message, .. } if message.is_for_all() => "heard",
            Happened::Ended { .. } => "ended by the other side",
            Happened::Left { .. } => "left",
            _ => continue,
        };
        *counts.entry(name).or_default() += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let took = history.moments.last().map(|moment| moment.at.as_secs());
    format!(
        "{} records, {}; {} s",
        history.topic.len(),
        counts.join(", "),
        took.unwrap_or_default()
    )
}

fn whole(history: &History) -> String {
    let mut text = String::new();
    for moment in &history.moments {
        let _ = writeln!(text, "{moment}");
    }
    for (offset, record) in history.topic.iter().enumerate() {
        let time = record.timestamp.as_deref().unwrap_or_default();
        let _ = writeln!(text, "record {offset}: {record} {time}");
    }
    text
}
