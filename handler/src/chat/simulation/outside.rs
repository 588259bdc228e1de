//! Store and topic, with failures by chance.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep, sleep_until};
use wschat_protocol::ServerMessage;

use crate::ports::{Broadcaster, ConnectionStore, OldConnection, Unavailable};

/// How likely each mishap is, from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    /// A call fails and nothing was done.
    pub(super) refused: f64,
    /// A call was carried out, and its answer doesn't come before the deadline.
    pub(super) answer_lost: f64,
    /// A WebSocket event doesn't reach the function; or its reply the client.
    pub(super) event_lost: f64,
    /// An event comes twice.
    pub(super) event_twice: f64,
    /// The instance that an event would have gone to is gone, with all that it
    /// remembers.
    pub(super) instance_gone: f64,
}

impl Weather {
    /// Nothing goes wrong.
    pub(super) const CLEAR: Self = Self {
        refused: 0.0,
        answer_lost: 0.0,
        event_lost: 0.0,
        event_twice: 0.0,
        instance_gone: 0.0,
    };
}

/// What happened, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happened {
    /// A row was written for this connection.
    Registered { connection: String, user: String },
    /// A row was deleted because its user connected anew.
    Replaced { connection: String },
    /// A row was deleted because its connection left.
    Left { connection: String, user: String },
    /// The topic took a record.
    Told(Record),
    /// A client was answered that its message was taken.
    Acknowledged { user: String, id: String },
    /// Nothing will delete the row of this closed connection any more, but its
    /// time to live.
    Forgotten { connection: String },
}

/// A record of the topic, as far as the laws care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    Joined { user: String },
    Left { user: String },
    Said { user: String, id: String },
}

/// Everything outside of the instances.
pub(super) struct Outside {
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) weather: Weather,
    pub(super) random: StdRng,
    /// User by connection.
    pub(super) rows: BTreeMap<String, String>,
    pub(super) history: Vec<Happened>,
}

#[derive(PartialEq)]
enum Fate {
    Fine,
    Refused,
    AnswerLost,
}

impl Outside {
    pub(super) fn new(seed: u64, weather: Weather) -> Self {
        Self {
            state: Mutex::new(State {
                weather,
                random: StdRng::seed_from_u64(seed),
                rows: BTreeMap::new(),
                history: Vec::new(),
            }),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn note(&self, happened: Happened) {
        self.state().history.push(happened);
    }

    /// Whether a mishap of this likelihood comes about.
    pub(super) fn chance(&self, likelihood: impl Fn(&Weather) -> f64) -> bool {
        let mut state = self.state();
        let likelihood = likelihood(&state.weather);
        state.random.random_bool(likelihood)
    }

    pub(super) fn below(&self, limit: u64) -> u64 {
        self.state().random.random_range(0..limit)
    }

    /// Lets others run in between.
    pub(super) async fn pause(&self, most_millis: u64) {
        let millis = self.below(most_millis + 1);
        sleep(Duration::from_millis(millis)).await;
    }

    /// Does something in one step, somewhere on the way of a call that takes
    /// time and may fail.
    pub(super) async fn call<T>(
        &self,
        deadline: Instant,
        act: impl FnOnce(&mut State) -> T,
    ) -> Result<T, Unavailable> {
        let fate = if self.chance(|weather| weather.refused) {
            Fate::Refused
        } else if self.chance(|weather| weather.answer_lost) {
            Fate::AnswerLost
        } else {
            Fate::Fine
        };
        self.pause(20).await;
        if fate == Fate::Refused {
            return Err(unavailable("refused"));
        }
        let value = act(&mut self.state());
        if fate == Fate::AnswerLost {
            sleep_until(deadline).await;
            return Err(unavailable("late"));
        }
        self.pause(20).await;
        Ok(value)
    }
}

fn unavailable(why: &str) -> Unavailable {
    Unavailable {
        what: "simulated",
        why: why.to_owned(),
    }
}

#[async_trait]
impl ConnectionStore for Outside {
    async fn join(
        &self,
        connection_id: &str,
        user_id: &str,
        deadline: Instant,
    ) -> Result<Vec<OldConnection>, Unavailable> {
        self.call(deadline, |state| state.join(connection_id, user_id))
            .await
    }

    async fn user_of(
        &self,
        connection_id: &str,
        deadline: Instant,
    ) -> Result<Option<String>, Unavailable> {
        self.call(deadline, |state| state.rows.get(connection_id).cloned())
            .await
    }

    async fn leave(
        &self,
        connection_id: &str,
        deadline: Instant,
    ) -> Result<Option<String>, Unavailable> {
        self.call(deadline, |state| state.leave(connection_id))
            .await
    }

    async fn check(&self, _: Instant) -> Result<(), Unavailable> {
        Ok(())
    }
}

impl State {
    fn join(&mut self, connection: &str, user: &str) -> Vec<OldConnection> {
        let is_old = |(id, owner): &(&String, &String)| *owner == user && *id != connection;
        let old: Vec<String> = self
            .rows
            .iter()
            .filter(is_old)
            .map(|row| row.0.clone())
            .collect();
        for connection in &old {
            self.rows.remove(connection);
            self.history.push(Happened::Replaced {
                connection: connection.clone(),
            });
        }
        self.rows.insert(connection.to_owned(), user.to_owned());
        self.history.push(Happened::Registered {
            connection: connection.to_owned(),
            user: user.to_owned(),
        });
        let old = old.into_iter().map(|connection_id| OldConnection {
            connection_id,
            connected_at: Some(SystemTime::now()),
        });
        old.collect()
    }

    fn leave(&mut self, connection: &str) -> Option<String> {
        let user = self.rows.remove(connection)?;
        self.history.push(Happened::Left {
            connection: connection.to_owned(),
            user: user.clone(),
        });
        Some(user)
    }
}

#[async_trait]
impl Broadcaster for Outside {
    async fn publish(&self, message: &ServerMessage, deadline: Instant) -> Result<(), Unavailable> {
        let record = Record::of(message);
        self.call(deadline, |state| state.history.push(Happened::Told(record)))
            .await
    }

    async fn check(&self, _: Instant) -> Result<(), Unavailable> {
        Ok(())
    }
}

impl Record {
    fn of(message: &ServerMessage) -> Self {
        match message {
            ServerMessage::UserJoined { user_id, .. } => Self::Joined {
                user: user_id.clone(),
            },
            ServerMessage::UserLeft { user_id, .. } => Self::Left {
                user: user_id.clone(),
            },
            ServerMessage::Broadcast { user_id, id, .. } => Self::Said {
                user: user_id.clone(),
                id: id.clone().unwrap_or_default(),
            },
            other => panic!("nobody publishes this: {other:?}"),
        }
    }
}
