//! Short histories, told event by event.

use std::sync::Arc;
use std::time::Duration;

use crate::chaos::frame::{Frame, Odd};
use crate::chaos::history::{Happened, History, Moment, Rows, Socket, Survey};
use crate::chaos::message::Message;

/// A history in the making.
#[derive(Default)]
pub(super) struct Tale {
    history: History,
    sockets: usize,
    open: Vec<Socket>,
}

pub(super) fn message(kind: &str) -> Message {
    Message {
        kind: kind.to_owned(),
        ..Message::default()
    }
}

pub(super) fn broadcast(user: &str, id: &str) -> Message {
    Message {
        user_id: Some(user.to_owned()),
        id: Some(id.to_owned()),
        content: Some(format!("{id}!")),
        ..message("BROADCAST")
    }
}

pub(super) fn presence(kind: &str, user: &str, time: &str) -> Message {
    Message {
        user_id: Some(user.to_owned()),
        timestamp: Some(time.to_owned()),
        ..message(kind)
    }
}

pub(super) fn ack(id: &str) -> Message {
    Message {
        original_type: Some("SEND".to_owned()),
        id: Some(id.to_owned()),
        ..message("ACK")
    }
}

pub(super) fn error(code: &str, of: Option<&str>, id: Option<&str>) -> Message {
    Message {
        code: Some(code.to_owned()),
        original_type: of.map(str::to_owned),
        id: id.map(str::to_owned),
        ..message("ERROR")
    }
}

pub(super) fn send(id: &str) -> Frame {
    Frame::Send {
        id: id.to_owned(),
        content: format!("{id}!"),
    }
}

impl Tale {
    pub(super) fn note(&mut self, happened: Happened) {
        let at = Duration::from_millis(self.history.moments.len() as u64);
        self.history.moments.push(Moment { at, happened });
    }

    pub(super) fn history(self) -> History {
        self.history
    }

    pub(super) fn knocks(&mut self, user: &str) -> Socket {
        let socket = self.sockets;
        self.sockets += 1;
        let user = user.to_owned();
        self.note(Happened::Knocked { socket, user });
        socket
    }

    /// A socket opens, whose connection is called by its number.
    pub(super) fn opens(&mut self, user: &str) -> Socket {
        let socket = self.knocks(user);
        let connection = format!("c{socket}");
        self.note(Happened::Opened { socket, connection });
        self.open.push(socket);
        socket
    }

    /// It opens, and all are told.
    pub(super) fn joins(&mut self, user: &str, time: &str) -> Socket {
        let socket = self.opens(user);
        self.tells(presence("USER_JOINED", user, time));
        socket
    }

    pub(super) fn ends(&mut self, socket: Socket) {
        self.open.retain(|open| *open != socket);
        self.note(Happened::Ended { socket });
    }

    /// It is closed, and all are told.
    pub(super) fn leaves(&mut self, socket: Socket, user: &str, time: &str) {
        self.open.retain(|open| *open != socket);
        self.note(Happened::Left { socket });
        self.tells(presence("USER_LEFT", user, time));
    }

    /// The topic gets a record, and nobody hears it.
    pub(super) fn records(&mut self, message: Message) -> Arc<Message> {
        let record = Arc::new(message);
        self.history.topic.push(Arc::clone(&record));
        record
    }

    /// The topic gets a record, which all open sockets hear.
    pub(super) fn tells(&mut self, message: Message) {
        let message = self.records(message);
        for socket in self.open.clone() {
            let message = Arc::clone(&message);
            self.note(Happened::Heard { socket, message });
        }
    }

    pub(super) fn says(&mut self, socket: Socket, frame: Frame) {
        self.note(Happened::Said { socket, frame });
    }

    pub(super) fn hears(&mut self, socket: Socket, message: Message) {
        let message = Arc::new(message);
        self.note(Happened::Heard { socket, message });
    }

    /// A message, its record and its acknowledgement.
    pub(super) fn sends(&mut self, socket: Socket, user: &str, id: &str) {
        self.says(socket, send(id));
        self.tells(broadcast(user, id));
        self.hears(socket, ack(id));
    }

    pub(super) fn heals(&mut self) {
        let records = self.history.topic.len();
        self.note(Happened::Healed { records });
    }

    pub(super) fn surveys(&mut self, survey: Survey, rows: &[(&str, &str)]) {
        let row =
            |(connection, user): &(&str, &str)| (String::from(*connection), String::from(*user));
        let rows: Rows = rows.iter().map(row).collect();
        self.note(Happened::Surveyed { survey, rows });
    }
}

/// The part of a run in which things break.
pub(super) fn chaos() -> Tale {
    let mut tale = Tale::default();
    let ann = tale.joins("ann", "1");
    let bob = tale.joins("bob", "2");
    tale.sends(ann, "ann", "ann-1");
    tale.says(bob, send("bob-1"));
    tale.tells(broadcast("bob", "bob-1"));
    // Its acknowledgement gets lost, and it is sent, and told, again.
    tale.hears(bob, error("UNAVAILABLE", Some("SEND"), Some("bob-1")));
    tale.sends(bob, "bob", "bob-1");
    tale.says(ann, Frame::Odd(Odd::Empty));
    tale.hears(ann, error("EMPTY", Some("SEND"), None));
    // Two of bob's at once: one is refused for the other.
    let refused = tale.knocks("bob");
    let newer = tale.joins("bob", "3");
    tale.note(Happened::Refused {
        socket: refused,
        status: 409,
    });
    tale.hears(bob, error("REPLACED", None, None));
    tale.ends(bob);
    tale.says(newer, Frame::Goodbye);
    tale.tells(presence("USER_LEFT", "bob", "4"));
    tale.says(newer, send("bob-2"));
    tale.hears(newer, error("NOT_CONNECTED", Some("SEND"), Some("bob-2")));
    tale.ends(newer);
    tale.note(Happened::Mended);
    tale
}

/// A whole run: after the chaos, socket 4 is bob's, and is replaced by socket 5;
/// socket 0 is ann's all the time.
pub(super) fn well() -> Tale {
    let mut tale = chaos();
    let (ann, bob) = healed(&mut tale);
    tale.note(Happened::LastWords);
    tale.sends(ann, "ann", "ann-3");
    tale.sends(bob, "bob", "bob-4");
    tale.surveys(Survey::LastWords, &[("c0", "ann"), ("c5", "bob")]);
    tale.note(Happened::Parting);
    tale.note(Happened::Forgotten { socket: ann });
    tale.note(Happened::Left { socket: ann });
    tale.leaves(bob, "bob", "9");
    tale.surveys(Survey::AllLeft, &[("c0", "ann")]);
    tale.surveys(Survey::TimeToLive, &[]);
    tale
}

/// Everybody is back, and bob is replaced: their sockets.
pub(super) fn healed(tale: &mut Tale) -> (Socket, Socket) {
    let ann = 0;
    let bob = tale.joins("bob", "5");
    tale.sends(ann, "ann", "ann-2");
    tale.sends(bob, "bob", "bob-3");
    tale.heals();
    let newer = tale.joins("bob", "6");
    tale.hears(bob, error("REPLACED", None, None));
    tale.ends(bob);
    (ann, newer)
}
