//! From the topic to open sockets.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::topic::firsts;
use super::{Broken, ensure};
use crate::chaos::frame::Frame;
use crate::chaos::history::{Happened, History, Story};
use crate::chaos::message::Message;

/// Where a record may be: one that is written again after its acknowledgement
/// got lost is there twice.
type Places<'a> = HashMap<&'a Message, Vec<usize>>;

/// Which part of the topic a socket heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Heard {
    first: usize,
    last: usize,
    /// Records that came again.
    repeats: u64,
}

pub(super) fn without_gaps(history: &History) -> Result<(), Broken> {
    let places = places(history);
    let due = Due::of(history);
    for story in history.stories().values() {
        let Some(opened) = story.opened else { continue };
        let heard = heard(story, &places)?;
        let from = due.first_after(opened);
        if let (Some(heard), Some((offset, id))) = (heard, from) {
            ensure(heard.first <= offset, story.user, || {
                let begin = heard.first;
                format!("a socket was open when {id} was sent, and hears from record {begin} on")
            })?;
        }
        let until = due.until_parting(story, opened);
        if let Some((offset, id)) = until {
            let last = heard.map(|heard| heard.last);
            ensure(last.is_some_and(|last| last >= offset), story.user, || {
                format!("an open socket never heard {id}, record {offset}; its last is {last:?}")
            })?;
        }
    }
    Ok(())
}

/// Receivers drop a repeated pair of user and id. What they have then, they
/// have once; and records come again only when the emulator was told so.
pub(super) fn nothing_doubled(history: &History) -> Result<(), Broken> {
    let places = places(history);
    for story in history.stories().values() {
        // A gap is another law's matter.
        let repeats = heard(story, &places).ok().flatten();
        let repeats = repeats.map_or(0, |heard| heard.repeats);
        ensure(repeats <= history.doubled, story.user, || {
            format!("a socket heard {repeats} records more than once")
        })?;
        let (mut known, mut contents) = (HashSet::new(), HashSet::new());
        for (_, message) in &story.heard {
            let Some(content) = message.content.as_deref() else {
                continue;
            };
            if message.kind != "BROADCAST" || message.key().is_some_and(|key| !known.insert(key)) {
                continue;
            }
            let is_new = contents.insert((message.user_id.as_deref(), content));
            ensure(is_new, story.user, || {
                format!("{message} was heard twice under different ids")
            })?;
        }
    }
    Ok(())
}

fn places(history: &History) -> Places<'_> {
    let mut places = Places::new();
    for (offset, record) in history.topic.iter().enumerate() {
        places.entry(record.as_ref()).or_default().push(offset);
    }
    places
}

/// Follows a socket along the topic: each record is the one after the last, or
/// a repeat. Where a record is twice in the topic, both are followed.
fn heard(story: &Story<'_>, places: &Places<'_>) -> Result<Option<Heard>, Broken> {
    let mut at: Vec<usize> = Vec::new();
    let mut heard: Option<Heard> = None;
    let told = story
        .heard
        .iter()
        .filter(|(_, message)| message.is_for_all());
    for (_, message) in told {
        let broken = |words: String| Broken {
            users: vec![story.user.to_owned()],
            words,
        };
        let Some(offsets) = places.get(message) else {
            return Err(broken(format!(
                "a socket heard {message}, which isn't in the topic"
            )));
        };
        let Some(known) = &mut heard else {
            at.clone_from(offsets);
            heard = Some(Heard {
                first: offsets[0],
                last: offsets[0],
                repeats: 0,
            });
            continue;
        };
        let follows = |offset: &usize| offset.checked_sub(1).is_some_and(|last| at.contains(&last));
        let next: Vec<usize> = offsets.iter().copied().filter(follows).collect();
        if let Some(last) = next.iter().max() {
            known.last = *last;
            at = next;
        } else if offsets[0] <= known.last {
            known.repeats += 1;
        } else {
            return Err(broken(format!(
                "a socket heard record {} after record {}: {message}",
                offsets[0], known.last
            )));
        }
    }
    Ok(heard)
}

/// What must be heard by whom.
struct Due<'a> {
    /// By the place of its first sending: the earliest record of those that were
    /// sent there or later.
    sent: BTreeMap<usize, (usize, &'a str)>,
    /// What was acknowledged before everybody left: where it was first sent, its
    /// offset and its id.
    acknowledged: Vec<(usize, usize, &'a str)>,
    parting: Option<usize>,
}

impl<'a> Due<'a> {
    fn of(history: &'a History) -> Self {
        let (firsts, stories) = (firsts(history), history.stories());
        let parting = history.place(|happened| *happened == Happened::Parting);
        let mut sendings: HashMap<(&str, &str), usize> = HashMap::new();
        let mut acknowledged = Vec::new();
        for (place, moment) in history.moments.iter().enumerate() {
            match &moment.happened {
                Happened::Said {
                    socket,
                    frame: Frame::Send { id, .. },
                } => {
                    let key = (stories[socket].user, id.as_str());
                    sendings.entry(key).or_insert(place);
                }
                Happened::Heard { socket, message }
                    if message.is_ack_of_send() && parting.is_some_and(|end| place < end) =>
                {
                    let id = message.id.as_deref().unwrap_or_default();
                    let key = (stories[socket].user, id);
                    if let (Some(sent), Some(offset)) = (sendings.get(&key), firsts.get(&key)) {
                        acknowledged.push((*sent, *offset, id));
                    }
                }
                _ => {}
            }
        }
        let mut sent: BTreeMap<usize, (usize, &str)> = BTreeMap::new();
        for (key, place) in sendings {
            if let Some(offset) = firsts.get(&key) {
                let id = history.topic[*offset].id.as_deref().unwrap_or_default();
                sent.insert(place, (*offset, id));
            }
        }
        let mut earliest: Option<(usize, &str)> = None;
        for entry in sent.values_mut().rev() {
            let least = earliest.map_or(*entry, |known| known.min(*entry));
            earliest = Some(least);
            *entry = least;
        }
        Self {
            sent,
            acknowledged,
            parting,
        }
    }

    /// The earliest record of what was sent after this place.
    fn first_after(&self, place: usize) -> Option<(usize, &'a str)> {
        self.sent.range(place..).next().map(|(_, entry)| *entry)
    }

    /// The last record that was sent after a socket opened and acknowledged
    /// before everybody left, if it was open then.
    fn until_parting(&self, story: &Story<'_>, opened: usize) -> Option<(usize, &'a str)> {
        let parting = self.parting.filter(|place| story.is_open_at(*place))?;
        let sent = self.acknowledged.iter();
        let sent = sent.filter(|(sent, _, _)| (opened..parting).contains(sent));
        sent.map(|(_, offset, id)| (*offset, *id)).max()
    }
}
