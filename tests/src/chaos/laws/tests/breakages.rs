//! Histories of chats that don't do what they promise, each with a law that it
//! breaks.

use std::sync::Arc;

use super::tale::{Tale, ack, broadcast, chaos, error, healed, presence, send, well};
use crate::chaos::frame::Frame;
use crate::chaos::history::{Happened, History, Survey};
use crate::chaos::message::Message;

type Make = fn() -> History;

pub(super) const ALL: [(&str, Make); 26] = [
    (
        "what is acknowledged is in the topic",
        acknowledged_without_a_record,
    ),
    (
        "what was acknowledged comes before what is sent afterwards",
        acknowledged_too_early,
    ),
    (
        "what is told was said, by that user and under that id",
        told_without_its_id,
    ),
    (
        "what is told was said, by that user and under that id",
        told_by_another,
    ),
    (
        "what is told was said, by that user and under that id",
        told_that_nobody_may_hear,
    ),
    (
        "a socket hears the topic without a gap, from its opening to its end",
        a_record_is_dropped,
    ),
    (
        "a socket hears the topic without a gap, from its opening to its end",
        heard_from_nowhere,
    ),
    (
        "a socket hears the topic without a gap, from its opening to its end",
        the_end_is_missing,
    ),
    (
        "a socket hears the topic without a gap, from its opening to its end",
        the_beginning_is_missing,
    ),
    (
        "nothing comes twice that isn't told apart by user and id",
        a_batch_comes_twice,
    ),
    (
        "nothing comes twice that isn't told apart by user and id",
        told_again_under_another_id,
    ),
    (
        "users leave as often as their sockets do, and not when they are replaced",
        the_replaced_leave,
    ),
    (
        "users leave as often as their sockets do, and not when they are replaced",
        the_refused_leave,
    ),
    (
        "when nothing is broken, who comes and goes is told once",
        nobody_is_told_of_a_join,
    ),
    (
        "when nothing is broken, who comes and goes is told once",
        left_twice,
    ),
    (
        "when nothing is broken, who comes and goes is told once",
        written_twice,
    ),
    (
        "when nothing is broken, who is replaced is told so and closed",
        replaced_and_left_open,
    ),
    ("a user is one registered socket", two_rows),
    (
        "a user is one registered socket",
        acknowledged_without_a_row,
    ),
    (
        "no row is without its socket for longer than it may live",
        a_row_stays,
    ),
    (
        "no row is without its socket for longer than it may live",
        a_row_lives_for_ever,
    ),
    (
        "a handshake is refused only with a documented status",
        refused_for_nobody,
    ),
    (
        "a handshake is refused only with a documented status",
        refused_with_a_strange_status,
    ),
    (
        "an answer is one to what was said, a refusal has its documented code",
        answered_with_anothers_code,
    ),
    ("the chat heals by itself", stranded),
    (
        "when nothing is broken, everything is answered as it should be",
        unavailable_in_calm,
    ),
];

fn acknowledged_without_a_record() -> History {
    let mut tale = chaos();
    tale.says(0, send("ann-9"));
    tale.hears(0, ack("ann-9"));
    tale.history()
}

fn acknowledged_too_early() -> History {
    let mut tale = chaos();
    tale.says(0, send("ann-8"));
    tale.hears(0, ack("ann-8"));
    tale.says(0, send("ann-9"));
    tale.tells(broadcast("ann", "ann-9"));
    tale.tells(broadcast("ann", "ann-8"));
    tale.history()
}

fn told_without_its_id() -> History {
    let mut tale = chaos();
    tale.says(0, send("ann-9"));
    tale.tells(Message {
        id: None,
        ..broadcast("ann", "ann-9")
    });
    tale.history()
}

fn told_by_another() -> History {
    let mut tale = chaos();
    tale.says(0, send("ann-9"));
    tale.tells(broadcast("bob", "ann-9"));
    tale.history()
}

fn told_that_nobody_may_hear() -> History {
    let mut tale = chaos();
    tale.records(error("REPLACED", None, None));
    tale.history()
}

/// A run with a socket that hears only what it is told here.
fn with_a_listener(listen: impl FnOnce(&mut Tale, usize)) -> History {
    let mut tale = chaos();
    let listener = tale.knocks("cid");
    tale.note(Happened::Opened {
        socket: listener,
        connection: "listener".to_owned(),
    });
    listen(&mut tale, listener);
    tale.note(Happened::Parting);
    tale.history()
}

fn a_record_is_dropped() -> History {
    with_a_listener(|tale, listener| {
        for id in ["ann-7", "ann-8", "ann-9"] {
            tale.sends(0, "ann", id);
        }
        tale.hears(listener, broadcast("ann", "ann-7"));
        tale.hears(listener, broadcast("ann", "ann-9"));
    })
}

fn heard_from_nowhere() -> History {
    with_a_listener(|tale, listener| tale.hears(listener, broadcast("ann", "ann-9")))
}

fn the_end_is_missing() -> History {
    with_a_listener(|tale, listener| {
        tale.sends(0, "ann", "ann-8");
        tale.hears(listener, broadcast("ann", "ann-8"));
        tale.sends(0, "ann", "ann-9");
    })
}

fn the_beginning_is_missing() -> History {
    with_a_listener(|tale, listener| {
        tale.sends(0, "ann", "ann-8");
        tale.sends(0, "ann", "ann-9");
        tale.hears(listener, broadcast("ann", "ann-9"));
    })
}

fn a_batch_comes_twice() -> History {
    with_a_listener(|tale, listener| {
        tale.sends(0, "ann", "ann-9");
        tale.hears(listener, broadcast("ann", "ann-9"));
        tale.hears(listener, broadcast("ann", "ann-9"));
    })
}

fn told_again_under_another_id() -> History {
    let mut tale = chaos();
    tale.sends(0, "ann", "ann-9");
    tale.tells(Message {
        id: Some("ann-9-again".to_owned()),
        ..broadcast("ann", "ann-9")
    });
    tale.history()
}

fn the_replaced_leave() -> History {
    let mut tale = chaos();
    tale.tells(presence("USER_LEFT", "bob", "7"));
    tale.history()
}

fn the_refused_leave() -> History {
    let mut tale = Tale::default();
    let refused = tale.knocks("bob");
    tale.note(Happened::Refused {
        socket: refused,
        status: 409,
    });
    tale.tells(presence("USER_LEFT", "bob", "1"));
    tale.history()
}

fn nobody_is_told_of_a_join() -> History {
    let mut history = well().history();
    let joined = Arc::new(presence("USER_JOINED", "bob", "6"));
    history.topic.retain(|record| *record != joined);
    history
}

fn left_twice() -> History {
    let mut tale = well();
    tale.tells(presence("USER_LEFT", "bob", "10"));
    tale.history()
}

fn written_twice() -> History {
    let mut tale = well();
    tale.tells(broadcast("bob", "bob-4"));
    tale.history()
}

fn replaced_and_left_open() -> History {
    let mut tale = chaos();
    tale.heals();
    tale.joins("ann", "7");
    tale.hears(0, error("REPLACED", None, None));
    tale.history()
}

fn two_rows() -> History {
    let mut tale = chaos();
    tale.surveys(Survey::LastWords, &[("c1", "bob"), ("c2", "bob")]);
    tale.history()
}

fn acknowledged_without_a_row() -> History {
    let mut tale = chaos();
    tale.note(Happened::LastWords);
    tale.sends(0, "ann", "ann-9");
    tale.surveys(Survey::LastWords, &[]);
    tale.history()
}

fn a_row_stays() -> History {
    let mut tale = chaos();
    tale.surveys(Survey::AllLeft, &[("c0", "ann")]);
    tale.history()
}

fn a_row_lives_for_ever() -> History {
    let mut tale = chaos();
    tale.note(Happened::Forgotten { socket: 0 });
    tale.surveys(Survey::TimeToLive, &[("c0", "ann")]);
    tale.history()
}

fn refused(status: u16) -> History {
    let mut tale = chaos();
    let socket = tale.knocks("cid");
    tale.note(Happened::Refused { socket, status });
    tale.history()
}

fn refused_for_nobody() -> History {
    refused(409)
}

fn refused_with_a_strange_status() -> History {
    refused(418)
}

fn answered_with_anothers_code() -> History {
    let mut tale = chaos();
    tale.says(0, Frame::Ping { id: "p".to_owned() });
    tale.hears(0, error("TOO_LARGE", Some("PING"), Some("p")));
    tale.history()
}

fn stranded() -> History {
    let mut tale = chaos();
    tale.note(Happened::Stranded {
        user: "bob".to_owned(),
        why: "refused with 503".to_owned(),
    });
    tale.history()
}

fn unavailable_in_calm() -> History {
    let mut tale = chaos();
    let (ann, _) = healed(&mut tale);
    tale.says(ann, send("ann-9"));
    tale.hears(ann, error("UNAVAILABLE", Some("SEND"), Some("ann-9")));
    tale.history()
}
