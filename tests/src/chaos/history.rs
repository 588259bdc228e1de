//! The record of a run: what clients did and were told, in the order in which
//! they saw it, and what the topic and the table held in the end.
//!
//! What a client does is noted before it is done, what it is told after it was:
//! when one stands before the other here, it happened before it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::frame::Frame;
use super::message::Message;

/// One socket, or an attempt to open it.
pub type Socket = usize;

/// Users by the connections that they have in the table.
pub type Rows = BTreeMap<String, String>;

/// When the table was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survey {
    /// Each open socket has said its last words, and no more.
    LastWords,
    /// All sockets are closed, and the function had the time to learn of it.
    AllLeft,
    /// More time has passed than a row may live.
    TimeToLive,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// A handshake begins.
    Knocked {
        /// Which socket it is to become.
        socket: Socket,
        /// Whose.
        user: String,
    },
    /// The socket is open.
    Opened {
        /// Which.
        socket: Socket,
        /// The gateway's id of it.
        connection: String,
    },
    /// The handshake was answered otherwise.
    Refused {
        /// Which.
        socket: Socket,
        /// HTTP status.
        status: u16,
    },
    /// The handshake wasn't answered, or its client stopped waiting.
    Unanswered {
        /// Which.
        socket: Socket,
    },
    /// A client sends a frame.
    Said {
        /// Where.
        socket: Socket,
        /// What.
        frame: Frame,
    },
    /// A client was sent a message.
    Heard {
        /// Where.
        socket: Socket,
        /// What.
        message: Arc<Message>,
    },
    /// The other side ended the socket.
    Ended {
        /// Which.
        socket: Socket,
    },
    /// Its client ends the socket.
    Left {
        /// Which.
        socket: Socket,
    },
    /// Something begins to break.
    Broke {
        /// What, for people.
        what: String,
    },
    /// Nothing is broken any more.
    Mended,
    /// Somebody couldn't come back, or wasn't answered, although nothing is
    /// broken any more.
    Stranded {
        /// Who.
        user: String,
        /// What came of the last attempt.
        why: String,
    },
    /// Everybody is back and was acknowledged; nothing is on its way.
    Healed {
        /// How many records the topic has.
        records: usize,
    },
    /// From here on each open socket says one thing.
    LastWords,
    /// All that was acknowledged had the time to be heard; from here on
    /// everybody leaves.
    Parting,
    /// The function isn't told that this socket ends.
    Forgotten {
        /// Which.
        socket: Socket,
    },
    /// The table was read.
    Surveyed {
        /// When.
        survey: Survey,
        /// What it held.
        rows: Rows,
    },
}

/// Something that happened, and how long after the run's start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// For people: no law looks at it.
    pub at: Duration,
    /// What.
    pub happened: Happened,
}

/// A run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// What happened, in order.
    pub moments: Vec<Moment>,
    /// All records of the topic, by offset.
    pub topic: Vec<Arc<Message>>,
    /// How many records may come again: those of the frames and batches that the
    /// emulator was told to send twice, each as large as the largest.
    pub doubled: u64,
}

/// What became of one socket. Places are those in the history.
#[derive(Debug, Default)]
pub struct Story<'a> {
    /// Whose.
    pub user: &'a str,
    /// The gateway's id of it.
    pub connection: Option<&'a str>,
    /// Where its handshake began.
    pub knocked: usize,
    /// Where it opened.
    pub opened: Option<usize>,
    /// Where it was refused, and how.
    pub refused: Option<(usize, u16)>,
    /// Where it ended, from whichever side.
    pub ended: Option<usize>,
    /// Whether its client ended it.
    pub left: bool,
    /// Whether nobody told the function of its end.
    pub forgotten: bool,
    /// What its client said.
    pub said: Vec<(usize, &'a Frame)>,
    /// What its client was told.
    pub heard: Vec<(usize, &'a Message)>,
}

impl Story<'_> {
    /// Whether it was open at this place.
    #[must_use]
    pub fn is_open_at(&self, place: usize) -> bool {
        self.opened.is_some_and(|opened| opened < place)
            && self.ended.is_none_or(|ended| ended > place)
    }

    /// Whether its client was told that another one took its place.
    #[must_use]
    pub fn was_replaced(&self) -> bool {
        let told = |message: &Message| message.code.as_deref() == Some("REPLACED");
        self.heard.iter().any(|(_, message)| told(message))
    }

    /// Whether its client said goodbye.
    #[must_use]
    pub fn said_goodbye(&self) -> bool {
        self.said.iter().any(|(_, frame)| **frame == Frame::Goodbye)
    }
}

impl History {
    /// What became of each socket.
    #[must_use]
    pub fn stories(&self) -> BTreeMap<Socket, Story<'_>> {
        let mut stories: BTreeMap<Socket, Story<'_>> = BTreeMap::new();
        for (place, moment) in self.moments.iter().enumerate() {
            let Some(socket) = moment.happened.socket() else {
                continue;
            };
            tell(stories.entry(socket).or_default(), place, &moment.happened);
        }
        stories
    }

    /// Where the first of these is.
    #[must_use]
    pub fn place(&self, wanted: impl Fn(&Happened) -> bool) -> Option<usize> {
        self.moments
            .iter()
            .position(|moment| wanted(&moment.happened))
    }

    /// From where on everything is as it should be, and the topic's length there.
    #[must_use]
    pub fn healed(&self) -> Option<(usize, usize)> {
        let found = |(place, moment): (usize, &Moment)| match moment.happened {
            Happened::Healed { records } => Some((place, records)),
            _ => None,
        };
        self.moments.iter().enumerate().find_map(found)
    }

    /// What is about these users, and about everybody, a line each.
    #[must_use]
    pub fn about(&self, users: &[String]) -> Vec<String> {
        let stories = self.stories();
        let concerned = |happened: &Happened| match happened.socket() {
            Some(socket) => stories.get(&socket).is_some_and(|story| {
                let told = matches!(happened, Happened::Heard { message, .. }
                    if message.is_for_all()
                        && !users.iter().any(|user| message.user_id.as_ref() == Some(user)));
                users.iter().any(|user| user == story.user) && !told
            }),
            None => true,
        };
        let moments = self.moments.iter();
        moments
            .filter(|moment| concerned(&moment.happened))
            .map(ToString::to_string)
            .collect()
    }
}

fn tell<'a>(story: &mut Story<'a>, place: usize, happened: &'a Happened) {
    match happened {
        Happened::Knocked { user, .. } => {
            story.user = user;
            story.knocked = place;
        }
        Happened::Opened { connection, .. } => {
            story.connection = Some(connection);
            story.opened = Some(place);
        }
        Happened::Refused { status, .. } => story.refused = Some((place, *status)),
        Happened::Said { frame, .. } => story.said.push((place, frame)),
        Happened::Heard { message, .. } => story.heard.push((place, message)),
        Happened::Ended { .. } => {
            story.ended.get_or_insert(place);
        }
        Happened::Left { .. } => {
            story.left = story.ended.is_none();
            story.ended.get_or_insert(place);
        }
        Happened::Forgotten { .. } => story.forgotten = true,
        _ => {}
    }
}

impl Happened {
    fn socket(&self) -> Option<Socket> {
        match self {
            Self::Knocked { socket, .. }
            | Self::Opened { socket, .. }
            | Self::Refused { socket, .. }
            | Self::Unanswered { socket }
            | Self::Said { socket, .. }
            | Self::Heard { socket, .. }
            | Self::Ended { socket }
            | Self::Left { socket }
            | Self::Forgotten { socket } => Some(*socket),
            _ => None,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:9.3} ", self.at.as_secs_f64())?;
        match &self.happened {
            Happened::Knocked { socket, user } => write!(formatter, "#{socket} {user} knocks"),
            Happened::Opened { socket, connection } => {
                write!(formatter, "#{socket} is open: {connection}")
            }
            Happened::Refused { socket, status } => {
                write!(formatter, "#{socket} is refused: {status}")
            }
            Happened::Unanswered { socket } => write!(formatter, "#{socket} isn't answered"),
            Happened::Said { socket, frame } => write!(formatter, "#{socket} says {frame}"),
            Happened::Heard { socket, message } => write!(formatter, "#{socket} hears {message}"),
            Happened::Ended { socket } => write!(formatter, "#{socket} is ended"),
            Happened::Left { socket } => write!(formatter, "#{socket} leaves"),
            Happened::Broke { what } => write!(formatter, "== {what}"),
            Happened::Mended => formatter.write_str("== nothing is broken any more"),
            Happened::Stranded { user, why } => write!(formatter, "== {user} is stranded: {why}"),
            Happened::Healed { records } => {
                write!(formatter, "== healed; {records} records")
            }
            Happened::LastWords => formatter.write_str("== last words"),
            Happened::Parting => formatter.write_str("== everybody leaves"),
            Happened::Forgotten { socket } => {
                write!(formatter, "#{socket}: the function won't learn of its end")
            }
            Happened::Surveyed { survey, rows } => {
                write!(formatter, "== rows ({survey:?}): {rows:?}")
            }
        }
    }
}
