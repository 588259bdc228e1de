//! Who is there: rows, and what others are told of who comes and goes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Broken, ensure};
use crate::chaos::frame::Frame;
use crate::chaos::history::{Happened, History, Rows, Story, Survey};

/// Refused without a row that could leave: a bad user id, a newer connection of
/// the same user.
const NO_ROW: [u16; 2] = [400, 409];

/// A record that is written again is one: its time is the same. A handshake
/// that fails may leave as well: it takes its row back.
pub(super) fn leaves_are_real(history: &History) -> Result<(), Broken> {
    let mut sockets: BTreeMap<&str, usize> = BTreeMap::new();
    for story in history.stories().values() {
        *sockets.entry(story.user).or_default() += usize::from(can_leave(story));
    }
    for (user, times) in told(history, "USER_LEFT", 0) {
        let most = sockets.get(user).copied().unwrap_or_default();
        ensure(times.len() <= most, user, || {
            let left = times.len();
            format!("{left} times {user} was told to have left, and only {most} sockets could")
        })?;
    }
    Ok(())
}

fn can_leave(story: &Story<'_>) -> bool {
    let no_row = story
        .refused
        .is_some_and(|(_, status)| NO_ROW.contains(&status));
    // Who says goodbye leaves then, whatever comes after.
    !no_row && (story.said_goodbye() || !story.was_replaced())
}

/// The times of what the topic tells from an offset on, by user.
fn told<'a>(
    history: &'a History,
    kind: &str,
    from: usize,
) -> BTreeMap<&'a str, BTreeSet<Option<&'a str>>> {
    let mut told: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
    let records = history.topic.iter().skip(from);
    for record in records.filter(|record| record.kind == kind) {
        let user = record.user_id.as_deref().unwrap_or_default();
        told.entry(user)
            .or_default()
            .insert(record.timestamp.as_deref());
    }
    told
}

/// From when the chat has healed. Everybody has one registered socket then, and
/// has left in the end.
pub(super) fn told_once_in_calm(history: &History) -> Result<(), Broken> {
    let Some((healed, records)) = history.healed() else {
        return Ok(());
    };
    let mut seen = BTreeSet::new();
    for record in history.topic.iter().skip(records) {
        let user = record.user_id.as_deref().unwrap_or_default();
        ensure(seen.insert(record), user, || {
            format!("the topic holds {record} twice")
        })?;
    }
    let joined = told(history, "USER_JOINED", records);
    let left = told(history, "USER_LEFT", records);
    let mut users: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for story in history.stories().values() {
        let (joins, leaves) = users.entry(story.user).or_insert((0, 1));
        *joins += usize::from(story.opened.is_some_and(|opened| opened > healed));
        *leaves -= usize::from(story.forgotten);
    }
    for (user, (joins, leaves)) in users {
        let count = |told: &BTreeMap<&str, BTreeSet<_>>| told.get(user).map_or(0, BTreeSet::len);
        let (joined, left) = (count(&joined), count(&left));
        ensure(joined == joins, user, || {
            format!("{user} joined {joins} times, and was told to have {joined} times")
        })?;
        ensure(left == leaves, user, || {
            format!("{user} left {leaves} times, and was told to have {left} times")
        })?;
    }
    Ok(())
}

/// From when the chat has healed. Of a user's open sockets, the newest is the
/// registered one; another that opens replaces it.
pub(super) fn replaced_in_calm(history: &History) -> Result<(), Broken> {
    let Some((healed, _)) = history.healed() else {
        return Ok(());
    };
    let stories = history.stories();
    for newer in stories.values() {
        let Some(opened) = newer.opened.filter(|opened| *opened > healed) else {
            continue;
        };
        let open = stories.values().filter(|story| {
            story.user == newer.user
                && story.opened < newer.opened
                && story.is_open_at(newer.knocked)
        });
        let Some(replaced) = open.max_by_key(|story| story.opened) else {
            continue;
        };
        let closed = replaced
            .ended
            .is_some_and(|ended| !replaced.left || ended < opened);
        ensure(replaced.was_replaced() && closed, newer.user, || {
            let told = replaced.was_replaced();
            format!("a socket was replaced; told so: {told}, closed: {closed}")
        })?;
    }
    Ok(())
}

fn surveyed(history: &History, wanted: Survey) -> Option<&Rows> {
    let mut moments = history.moments.iter();
    moments.find_map(|moment| match &moment.happened {
        Happened::Surveyed { survey, rows } if *survey == wanted => Some(rows),
        _ => None,
    })
}

/// After each has sent one message: whoever has a row was acknowledged, nobody
/// else was, and a user has at most one.
pub(super) fn one_registered_socket(history: &History) -> Result<(), Broken> {
    let surveys = [Survey::LastWords, Survey::AllLeft, Survey::TimeToLive];
    for rows in surveys
        .iter()
        .filter_map(|survey| surveyed(history, *survey))
    {
        let mut users = BTreeSet::new();
        for user in rows.values() {
            ensure(users.insert(user), user, || {
                format!("{user} has two rows: {rows:?}")
            })?;
        }
    }
    let Some(rows) = surveyed(history, Survey::LastWords) else {
        return Ok(());
    };
    let words = history.place(|happened| *happened == Happened::LastWords);
    let words = words.unwrap_or_default();
    for story in history.stories().values() {
        let said = story.said.iter().find(|(place, _)| *place > words);
        let Some((_, Frame::Send { id, .. })) = said else {
            continue;
        };
        let mut heard = story.heard.iter().map(|(_, message)| message);
        let taken =
            heard.any(|message| message.is_ack_of_send() && message.id.as_ref() == Some(id));
        let row = story.connection.and_then(|connection| rows.get(connection));
        ensure(row.is_some() == taken, story.user, || {
            format!("{id} was acknowledged: {taken}; the socket's row: {row:?}")
        })?;
    }
    Ok(())
}

pub(super) fn rows_have_owners(history: &History) -> Result<(), Broken> {
    let stories = history.stories();
    let forgotten: BTreeSet<&str> = stories
        .values()
        .filter(|story| story.forgotten)
        .filter_map(|story| story.connection)
        .collect();
    for (survey, may_stay) in [(Survey::AllLeft, true), (Survey::TimeToLive, false)] {
        let rows = surveyed(history, survey).into_iter().flatten();
        for (connection, user) in rows {
            let stays = may_stay && forgotten.contains(connection.as_str());
            ensure(stays, user, || {
                format!("the row of {connection} is there, and its socket isn't ({survey:?})")
            })?;
        }
    }
    Ok(())
}
