//! What the topic holds.

use std::collections::{HashMap, HashSet};

use super::{Broken, ensure};
use crate::chaos::frame::Frame;
use crate::chaos::history::{Happened, History};

/// A user and an id.
type Key<'a> = (&'a str, &'a str);

/// Where each message is first.
pub(super) fn firsts(history: &History) -> HashMap<Key<'_>, usize> {
    let mut firsts = HashMap::new();
    for (offset, record) in history.topic.iter().enumerate() {
        if let Some(key) = record.key() {
            firsts.entry(key).or_insert(offset);
        }
    }
    firsts
}

pub(super) fn acknowledged_is_there(history: &History) -> Result<(), Broken> {
    let firsts = firsts(history);
    for story in history.stories().values() {
        for (_, ack) in &story.heard {
            let id = ack.id.as_deref().unwrap_or_default();
            let there = !ack.is_ack_of_send() || firsts.contains_key(&(story.user, id));
            ensure(there, story.user, || {
                format!("{id} was acknowledged and isn't in the topic")
            })?;
        }
    }
    Ok(())
}

/// So it is for each sender who waits for acknowledgements, and for any two.
pub(super) fn acknowledged_comes_first(history: &History) -> Result<(), Broken> {
    let (firsts, stories) = (firsts(history), history.stories());
    let mut acknowledged: Option<(usize, Key<'_>)> = None;
    let mut begun: HashSet<Key<'_>> = HashSet::new();
    for moment in &history.moments {
        match &moment.happened {
            Happened::Heard { socket, message } if message.is_ack_of_send() => {
                let key = (
                    stories[socket].user,
                    message.id.as_deref().unwrap_or_default(),
                );
                let newest = firsts.get(&key).map(|offset| (*offset, key));
                acknowledged = acknowledged.max(newest);
            }
            Happened::Said {
                socket,
                frame: Frame::Send { id, .. },
            } => {
                let key = (stories[socket].user, id.as_str());
                let is_first = begun.insert(key);
                let told = firsts.get(&key).filter(|_| is_first);
                let (Some(offset), Some((earlier, other))) = (told, acknowledged) else {
                    continue;
                };
                let broken = || Broken {
                    users: vec![key.0.to_owned(), other.0.to_owned()],
                    words: format!(
                        "{id} was sent when {} had its acknowledgement, and is record {offset} \
                         before record {earlier}",
                        other.1
                    ),
                };
                (*offset > earlier).then_some(()).ok_or_else(broken)?;
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn told_as_said(history: &History) -> Result<(), Broken> {
    let mut said = HashMap::new();
    for story in history.stories().into_values() {
        for (_, frame) in story.said {
            if let Frame::Send { id, content } = frame {
                said.insert((story.user, id.as_str()), content.as_str());
            }
        }
    }
    for record in &history.topic {
        let user = record.user_id.as_deref().unwrap_or_default();
        ensure(record.is_for_all(), user, || {
            format!("the topic holds {record}, which isn't for everybody")
        })?;
        let content = record.key().and_then(|key| said.get(&key));
        let as_said = content.is_some() && content.copied() == record.content.as_deref();
        ensure(record.kind != "BROADCAST" || as_said, user, || {
            format!("the topic holds {record}, which nobody said so")
        })?;
    }
    Ok(())
}
