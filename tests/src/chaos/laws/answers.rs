//! What clients are answered, and whether the chat comes back by itself.

use std::collections::BTreeSet;

use super::{Broken, ensure};
use crate::chaos::frame::Frame;
use crate::chaos::history::{Happened, History, Story};
use crate::chaos::message::Message;

/// What a handshake may be refused with while something is broken: 409 by a
/// newer one of the same user, 503 by the chat; 429, 500, 502 and 504 by the
/// gateway whose function fails.
const REFUSALS: [u16; 6] = [409, 429, 500, 502, 503, 504];

pub(super) fn handshakes_are_known(history: &History) -> Result<(), Broken> {
    let stories = history.stories();
    for story in stories.values() {
        let Some((place, status)) = story.refused else {
            continue;
        };
        ensure(REFUSALS.contains(&status), story.user, || {
            format!("a handshake was refused with {status}")
        })?;
        // One that nobody waits for any more may still go on.
        let rival = |other: &Story<'_>| {
            let end = other.opened.or(other.refused.map(|(place, _)| place));
            let is_other = other.knocked != story.knocked && other.user == story.user;
            is_other && other.knocked < place && end.is_none_or(|end| end > story.knocked)
        };
        ensure(
            status != 409 || stories.values().any(rival),
            story.user,
            || "a handshake was refused for a newer one, and there is none".to_owned(),
        )?;
    }
    Ok(())
}

pub(super) fn answers_are_known(history: &History) -> Result<(), Broken> {
    for story in history.stories().values() {
        let told = story
            .heard
            .iter()
            .filter(|(_, message)| !message.is_for_all());
        for (place, message) in told {
            let said: Vec<&Frame> = story
                .said
                .iter()
                .take_while(|(said, _)| said < place)
                .map(|(_, frame)| *frame)
                .collect();
            ensure(is_known(message, story, &said), story.user, || {
                format!("the client was told {message}, which answers nothing that it said")
            })?;
        }
    }
    Ok(())
}

fn is_known(message: &Message, story: &Story<'_>, said: &[&Frame]) -> bool {
    let of = message.original_type.as_deref();
    let answers = |frame: &&&Frame| frame.kind() == of && frame.id() == message.id.as_deref();
    let about = |kind: &str| of == Some(kind) && said.iter().any(|frame| answers(&frame));
    match message.kind.as_str() {
        "CONNECTED" => message.user_id.as_deref() == Some(story.user),
        "ACK" => about("SEND") || about("DISCONNECT"),
        "PONG" => {
            let id = message.id.as_deref();
            let mut pings = said.iter().filter(|frame| frame.kind() == Some("PING"));
            pings.any(|frame| frame.id() == id)
        }
        "ERROR" => match message.code.as_deref().unwrap_or_default() {
            "REPLACED" => of.is_none(),
            "NOT_CONNECTED" => about("SEND"),
            "UNAVAILABLE" => about("SEND") || about("DISCONNECT"),
            code => said
                .iter()
                .any(|frame| matches!(frame, Frame::Odd(odd) if odd.code() == code)),
        },
        // Only a gateway whose function failed.
        _ => message.is_failure(),
    }
}

pub(super) fn heals(history: &History) -> Result<(), Broken> {
    for moment in &history.moments {
        if let Happened::Stranded { user, why } = &moment.happened {
            return ensure(false, user, || format!("{user} didn't get back: {why}"));
        }
    }
    let stories = history.stories();
    let users: BTreeSet<&str> = stories.values().map(|story| story.user).collect();
    let Some(mended) = history.place(|happened| *happened == Happened::Mended) else {
        return Ok(());
    };
    for user in users {
        let mut own = stories.values().filter(|story| story.user == user);
        let acknowledged =
            |(place, message): &(usize, &Message)| *place > mended && message.is_ack_of_send();
        let heard = own.any(|story| story.heard.iter().any(acknowledged));
        ensure(heard, user, || {
            format!("{user} was never acknowledged again")
        })?;
    }
    Ok(())
}

/// From when the chat has healed. A socket that isn't registered any more is
/// told so.
pub(super) fn answered_in_calm(history: &History) -> Result<(), Broken> {
    let Some((healed, _)) = history.healed() else {
        return Ok(());
    };
    for story in history.stories().values() {
        let knocked = story.knocked > healed;
        ensure(!knocked || story.opened.is_some(), story.user, || {
            format!("a handshake was refused: {:?}", story.refused)
        })?;
        for (place, frame) in story.said.iter().filter(|(place, _)| *place > healed) {
            let mut later = story.heard.iter().filter(|(heard, _)| heard > place);
            let answered = later.any(|(_, message)| is_good(message, frame));
            ensure(answered, story.user, || {
                format!("{frame} wasn't answered well")
            })?;
        }
    }
    Ok(())
}

fn is_good(message: &Message, frame: &Frame) -> bool {
    let of = message.original_type.as_deref() == frame.kind();
    let same = message.id.as_deref() == frame.id();
    match frame {
        Frame::Send { .. } => {
            let taken = message.kind == "ACK" || message.code.as_deref() == Some("NOT_CONNECTED");
            of && same && taken
        }
        Frame::Goodbye => of && message.kind == "ACK",
        Frame::Ping { .. } => message.kind == "PONG" && same,
        Frame::Odd(odd) => message.code.as_deref() == Some(odd.code()),
    }
}
