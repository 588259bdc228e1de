//! What must be true of every run.

use std::collections::{BTreeMap, BTreeSet};

use super::outside::{Happened, Record};
use super::people::Life;

type Law = Result<(), String>;

/// Whatever failed.
pub(super) fn hold_in_any_weather(life: &Life) -> Law {
    answers_are_known(life)?;
    what_was_acknowledged_was_told(life)?;
    each_sender_is_told_in_order(life)?;
    nobody_leaves_who_was_replaced(life)?;
    a_user_is_one_registered_socket(life)?;
    a_row_without_an_owner_has_an_excuse(life)
}

/// When nothing failed, all of it happened, and once.
pub(super) fn hold_in_calm_weather(life: &Life) -> Law {
    hold_in_any_weather(life)?;
    everything_is_told_once(life)?;
    who_was_replaced_has_no_socket(life)?;
    ensure(life.rows.is_empty(), || {
        format!("rows of closed sockets: {:?}", life.rows)
    })
}

fn ensure(holds: bool, broken: impl FnOnce() -> String) -> Law {
    if holds { Ok(()) } else { Err(broken()) }
}

fn told(life: &Life) -> impl Iterator<Item = &Record> {
    life.history.iter().filter_map(|happened| match happened {
        Happened::Told(record) => Some(record),
        _ => None,
    })
}

fn said(life: &Life) -> impl Iterator<Item = (&String, &String)> {
    told(life).filter_map(|record| match record {
        Record::Said { user, id } => Some((user, id)),
        Record::Joined { .. } | Record::Left { .. } => None,
    })
}

fn acknowledged(life: &Life) -> impl Iterator<Item = (&String, &String)> {
    life.history.iter().filter_map(|happened| match happened {
        Happened::Acknowledged { user, id } => Some((user, id)),
        _ => None,
    })
}

fn count<'a>(names: impl Iterator<Item = &'a String>) -> BTreeMap<&'a String, usize> {
    names.fold(BTreeMap::new(), |mut counts, name| {
        *counts.entry(name).or_default() += 1;
        counts
    })
}

fn answers_are_known(life: &Life) -> Law {
    ensure(life.strange.is_empty(), || life.strange.join("; "))
}

/// At the time of the acknowledgement, not some time later.
fn what_was_acknowledged_was_told(life: &Life) -> Law {
    let mut told = BTreeSet::new();
    for happened in &life.history {
        match happened {
            Happened::Told(Record::Said { user, id }) => {
                told.insert((user, id));
            }
            Happened::Acknowledged { user, id } => ensure(told.contains(&(user, id)), || {
                format!("{id} of {user} was acknowledged and isn't in the topic")
            })?,
            _ => {}
        }
    }
    Ok(())
}

/// Repeats don't count: receivers drop them.
fn each_sender_is_told_in_order(life: &Life) -> Law {
    let acknowledged: BTreeSet<_> = acknowledged(life).collect();
    let mut last: BTreeMap<&str, &String> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let firsts = said(life).filter(|one| acknowledged.contains(one) && seen.insert(one.1));
    for (_, id) in firsts {
        let sender = id.split_once('-').map_or("", |(sender, _)| sender);
        let earlier = last.insert(sender, id);
        ensure(earlier.is_none_or(|earlier| earlier < id), || {
            format!("{id} came after {}", earlier.map_or("", String::as_str))
        })?;
    }
    Ok(())
}

/// A user is told to have left as often as a connection left, at most. Who was
/// replaced didn't leave.
fn nobody_leaves_who_was_replaced(life: &Life) -> Law {
    let mut left: BTreeMap<&String, usize> = BTreeMap::new();
    for happened in &life.history {
        match happened {
            Happened::Left { user, .. } => *left.entry(user).or_default() += 1,
            Happened::Told(Record::Left { user }) => {
                let open = left.entry(user).or_default();
                ensure(*open > 0, || {
                    format!("{user} was told to have left and didn't")
                })?;
                *open -= 1;
            }
            _ => {}
        }
    }
    Ok(())
}

/// After each has sent one message: only the registered socket was answered
/// that it took part, and a user has at most one.
fn a_user_is_one_registered_socket(life: &Life) -> Law {
    for (connection, word) in &life.open {
        ensure(word.row.is_some() == word.acknowledged, || {
            format!("{connection} was answered otherwise than its row says: {word:?}")
        })?;
    }
    let rows = life.open.values().filter_map(|word| word.row.as_ref());
    for (user, sockets) in count(rows) {
        ensure(sockets == 1, || {
            format!("{user} has {sockets} registered sockets")
        })?;
    }
    Ok(())
}

/// What should have deleted it never came, failed, or came before the row was
/// written; then only the row's time to live ends it.
fn a_row_without_an_owner_has_an_excuse(life: &Life) -> Law {
    for row in &life.rows {
        let excused = life.history.iter().any(
            |happened| matches!(happened, Happened::Forgotten { connection } if connection == row),
        );
        ensure(excused, || {
            format!("the row of {row} stays without an owner")
        })?;
    }
    Ok(())
}

fn everything_is_told_once(life: &Life) -> Law {
    for (id, times) in count(said(life).map(|(_, id)| id).filter(|id| *id != "last")) {
        ensure(times == 1, || format!("{id} was told {times} times"))?;
    }
    let joined = count(told(life).filter_map(|record| match record {
        Record::Joined { user } => Some(user),
        Record::Left { .. } | Record::Said { .. } => None,
    }));
    let left = count(told(life).filter_map(|record| match record {
        Record::Left { user } => Some(user),
        Record::Joined { .. } | Record::Said { .. } => None,
    }));
    let registered = count(life.history.iter().filter_map(|happened| match happened {
        Happened::Registered { user, .. } => Some(user),
        _ => None,
    }));
    let gone = count(life.history.iter().filter_map(|happened| match happened {
        Happened::Left { user, .. } => Some(user),
        _ => None,
    }));
    ensure(joined == registered, || {
        format!("joined {joined:?} for registered {registered:?}")
    })?;
    ensure(left == gone, || format!("left {left:?} for gone {gone:?}"))
}

fn who_was_replaced_has_no_socket(life: &Life) -> Law {
    for (connection, word) in &life.open {
        ensure(word.row.is_some(), || {
            format!("{connection} was replaced and is still open")
        })?;
    }
    Ok(())
}
