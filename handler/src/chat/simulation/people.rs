//! What users do, and what is left when they are done.

use std::collections::BTreeMap;

use serde_json::json;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::advance;

use super::gateway::Gateway;
use super::outside::{Happened, Weather};
use crate::chat::USER_KNOWN_FOR;

/// People who chat at once; two of them share each name.
const PEOPLE: u64 = 6;
const NAMES: u64 = 3;

/// Sockets that each opens, one after the other.
const SOCKETS: u64 = 4;

/// Messages that each sends on a socket at most.
const MESSAGES: u64 = 4;

/// How often somebody sends a message again that wasn't acknowledged.
const ATTEMPTS: usize = 3;

/// All that can be known after a run.
pub(super) struct Life {
    pub(super) history: Vec<Happened>,
    /// Each socket that was still open, with its row's user then, and the one
    /// that a last message was acknowledged to.
    pub(super) open: BTreeMap<String, LastWord>,
    /// Rows that were left when all sockets had been closed.
    pub(super) rows: Vec<String>,
    /// Everything that the function answered and shouldn't have.
    pub(super) strange: Vec<String>,
}

/// What came of a socket's last message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LastWord {
    pub(super) row: Option<String>,
    pub(super) acknowledged: bool,
}

/// A run.
pub(super) fn live(seed: u64, weather: Weather) -> Life {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let gateway = Gateway::new(seed, weather);
    LocalSet::new().block_on(&runtime, async move {
        let people = (0..PEOPLE).map(|number| {
            let gateway = gateway.clone();
            tokio::task::spawn_local(async move { Person::new(number, gateway).live().await })
        });
        let people: Vec<_> = people.collect();
        let mut strange = Vec::new();
        for person in people {
            strange.extend(person.await.unwrap());
        }
        gateway.settle().await;
        gateway.outside().state().weather = Weather::CLEAR;
        let open = last_words(&gateway).await;
        for connection in gateway.open_sockets() {
            gateway.cut(&connection);
        }
        gateway.settle().await;
        let state = gateway.outside().state();
        Life {
            history: state.history.clone(),
            open,
            rows: state.rows.keys().cloned().collect(),
            strange,
        }
    })
}

/// Each open socket says something once more, when no instance believes what
/// it once knew.
async fn last_words(gateway: &Gateway) -> BTreeMap<String, LastWord> {
    advance(USER_KNOWN_FOR).await;
    let mut words = BTreeMap::new();
    for connection in gateway.open_sockets() {
        let frame = json!({ "type": "SEND", "content": "still here", "id": "last" });
        let reply = gateway.say(&connection, &frame).await.unwrap_or_default();
        let row = gateway.outside().state().rows.get(&connection).cloned();
        let acknowledged = reply["type"] == "ACK";
        words.insert(connection, LastWord { row, acknowledged });
    }
    words
}

struct Person {
    number: u64,
    user: String,
    gateway: Gateway,
    said: u64,
    strange: Vec<String>,
}

impl Person {
    fn new(number: u64, gateway: Gateway) -> Self {
        Self {
            number,
            user: format!("user{}", number % NAMES),
            gateway,
            said: 0,
            strange: Vec::new(),
        }
    }

    /// Comes, talks and goes, some times; returns what was strange.
    async fn live(mut self) -> Vec<String> {
        for socket in 0..SOCKETS {
            self.gateway.outside().pause(10_000).await;
            let connection = format!("c{}-{socket}", self.number);
            match self.gateway.connect(&connection, &self.user).await {
                Ok(()) => self.talk(&connection).await,
                Err(409 | 503) => {}
                Err(status) => self.strange.push(format!("CONNECT was answered {status}")),
            }
        }
        self.strange
    }

    async fn talk(&mut self, connection: &str) {
        let messages = self.gateway.outside().below(MESSAGES + 1);
        for _ in 0..messages {
            self.gateway.outside().pause(2_000).await;
            if !self.gateway.is_open(connection) || !self.send(connection).await {
                break;
            }
        }
        match self.gateway.outside().below(4) {
            // Says goodbye first.
            0 => {
                let goodbye = json!({ "type": "DISCONNECT" });
                self.gateway.say(connection, &goodbye).await;
                self.gateway.cut(connection);
            }
            1 | 2 => self.gateway.cut(connection),
            // Leaves it open and opens the next one.
            _ => {}
        }
    }

    /// One message until it is acknowledged; `false` when it makes no sense to
    /// go on with this socket.
    async fn send(&mut self, connection: &str) -> bool {
        self.said += 1;
        let id = format!("{}-{:04}", self.number, self.said);
        let frame = json!({ "type": "SEND", "content": "hello", "id": id });
        for _ in 0..ATTEMPTS {
            let Some(answer) = self.gateway.say(connection, &frame).await else {
                continue;
            };
            match (answer["type"].as_str(), answer["code"].as_str()) {
                (Some("ACK"), None) => {
                    let user = self.user.clone();
                    self.gateway
                        .outside()
                        .note(Happened::Acknowledged { user, id });
                    return true;
                }
                (Some("ERROR"), Some("UNAVAILABLE")) => {}
                (Some("ERROR"), Some("NOT_CONNECTED")) => return false,
                _ => self.strange.push(format!("SEND was answered {answer}")),
            }
        }
        // Whoever gives up can't promise an order any more.
        false
    }
}
