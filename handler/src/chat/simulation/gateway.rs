//! Sockets, their events on the way to some instance, and the connection API.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use wschat_protocol::ServerMessage;

use super::outside::{Happened, Outside, Weather};
use crate::call::{Call, Token};
use crate::chat::{Chat, Ports};
use crate::event::Connect;
use crate::log::{Level, Log};
use crate::ports::{ConnectionError, Connections};
use crate::reply::Reply;

const INSTANCES: u64 = 3;

/// How long an event about a socket's end may be on its way.
const LATEST_END: u64 = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Handshake,
    Open,
    Closed,
}

/// The gateway with the function behind it; clones are the same.
#[derive(Clone)]
pub(super) struct Gateway(Arc<Inner>);

struct Inner {
    outside: Outside,
    instances: Mutex<Vec<Arc<Chat>>>,
    sockets: Mutex<BTreeMap<String, Phase>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Gateway {
    pub(super) fn new(seed: u64, weather: Weather) -> Self {
        let instances = (0..INSTANCES).map(|_| Arc::new(instance())).collect();
        Self(Arc::new(Inner {
            outside: Outside::new(seed, weather),
            instances: Mutex::new(instances),
            sockets: Mutex::default(),
            tasks: Mutex::default(),
        }))
    }

    pub(super) fn outside(&self) -> &Outside {
        &self.0.outside
    }

    fn sockets(&self) -> MutexGuard<'_, BTreeMap<String, Phase>> {
        self.0.sockets.lock().unwrap()
    }

    pub(super) fn open_sockets(&self) -> Vec<String> {
        let sockets = self.sockets();
        let open = sockets.iter().filter(|(_, phase)| **phase == Phase::Open);
        open.map(|(connection, _)| connection.clone()).collect()
    }

    pub(super) fn is_open(&self, connection: &str) -> bool {
        self.sockets().get(connection) == Some(&Phase::Open)
    }

    /// A handshake; the status tells why there is no socket.
    pub(super) async fn connect(&self, connection: &str, user: &str) -> Result<(), u16> {
        self.sockets()
            .insert(connection.to_owned(), Phase::Handshake);
        let event = Connect {
            connection_id: connection.to_owned(),
            user_id: Some(user.to_owned()),
            probe: false,
        };
        if self.outside().chance(|weather| weather.event_twice) {
            let (gateway, event) = (self.clone(), event.clone());
            self.spawn(async move { gateway.connect_again(&event).await });
        }
        let reply = self
            .function(async |chat, ports, call| chat.connect(&event, ports, call).await)
            .await;
        // The 101 is on its way.
        self.outside().pause(50).await;
        let (status, _) = read(&reply);
        if status != 200 {
            self.sockets().insert(connection.to_owned(), Phase::Closed);
            self.look_for_row(connection);
            return Err(status);
        }
        self.sockets().insert(connection.to_owned(), Phase::Open);
        // Somebody's client didn't wait so long.
        if self.outside().below(10) == 0 {
            self.cut(connection);
        }
        Ok(())
    }

    async fn connect_again(&self, event: &Connect) {
        self.outside().pause(100).await;
        self.function(async |chat, ports, call| chat.connect(event, ports, call).await)
            .await;
        if self.sockets().get(&event.connection_id) == Some(&Phase::Closed) {
            self.look_for_row(&event.connection_id);
        }
    }

    /// What should have deleted the row of a closed socket failed, or came
    /// first: the row stays until its time to live is over.
    fn look_for_row(&self, connection: &str) {
        let has_row = self.outside().state().rows.contains_key(connection);
        if has_row {
            self.forget(connection);
        }
    }

    fn forget(&self, connection: &str) {
        self.outside().note(Happened::Forgotten {
            connection: connection.to_owned(),
        });
    }

    /// A frame and its answer; `None` when one of them got lost.
    pub(super) async fn say(&self, connection: &str, frame: &Value) -> Option<Value> {
        if self.outside().chance(|weather| weather.event_lost) {
            self.outside().pause(1_000).await;
            return None;
        }
        let text = frame.to_string();
        let reply = self
            .function(async |chat, ports, call| {
                chat.message(connection, Some(&text), ports, call).await
            })
            .await;
        if self.outside().chance(|weather| weather.event_lost) {
            return None;
        }
        let (status, body) = read(&reply);
        assert_eq!(status, 200, "every frame is answered with 200");
        Some(body)
    }

    /// The socket ends, from either side; the function learns of it some time.
    pub(super) fn cut(&self, connection: &str) {
        let was = self.sockets().insert(connection.to_owned(), Phase::Closed);
        if was == Some(Phase::Closed) {
            return;
        }
        let deliveries = self.deliveries(connection);
        for _ in 0..deliveries {
            let (gateway, connection) = (self.clone(), connection.to_owned());
            self.spawn(async move { gateway.disconnect(&connection).await });
        }
    }

    fn deliveries(&self, connection: &str) -> usize {
        if self.outside().chance(|weather| weather.event_lost) {
            self.forget(connection);
            return 0;
        }
        1 + usize::from(self.outside().chance(|weather| weather.event_twice))
    }

    async fn disconnect(&self, connection: &str) {
        self.outside().pause(LATEST_END).await;
        self.function(async |chat, ports, call| {
            chat.disconnect(connection, ports, call).await;
        })
        .await;
        self.look_for_row(connection);
    }

    /// One call of the function, on an instance that chance picks.
    async fn function<T>(&self, act: impl AsyncFnOnce(&Chat, Ports<'_>, &Call) -> T) -> T {
        self.outside().pause(30).await;
        let chat = self.instance();
        let ports = Ports {
            store: self.outside(),
            broadcaster: self.outside(),
            connections: self,
        };
        let timeout = Duration::from_secs(30);
        let call = Call::new("r".to_owned(), Token::default(), timeout);
        act(&chat, ports, &call).await
    }

    fn instance(&self) -> Arc<Chat> {
        let place = usize::try_from(self.outside().below(INSTANCES)).unwrap();
        let gone = self.outside().chance(|weather| weather.instance_gone);
        let mut instances = self.0.instances.lock().unwrap();
        if gone {
            instances[place] = Arc::new(instance());
        }
        Arc::clone(&instances[place])
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.0
            .tasks
            .lock()
            .unwrap()
            .push(tokio::task::spawn_local(task));
    }

    /// Until nothing is on its way.
    pub(super) async fn settle(&self) {
        loop {
            let task = self.0.tasks.lock().unwrap().pop();
            let Some(task) = task else { break };
            task.await.unwrap();
        }
    }
}

fn instance() -> Chat {
    Chat::new(Log::new(Level::Error))
}

fn read(reply: &Reply) -> (u16, Value) {
    match reply {
        Reply::Gateway { status, body } => {
            (*status, serde_json::from_str(body).unwrap_or_default())
        }
        Reply::Operator(_) => panic!("not for the gateway"),
    }
}

#[async_trait]
impl Connections for Gateway {
    async fn send(
        &self,
        connection_id: &str,
        _: &ServerMessage,
        deadline: Instant,
    ) -> Result<(), ConnectionError> {
        let is_open = self
            .outside()
            .call(deadline, |_| self.is_open(connection_id))
            .await?;
        if is_open {
            Ok(())
        } else {
            Err(ConnectionError::NotFound)
        }
    }

    async fn close(&self, connection_id: &str, deadline: Instant) -> Result<(), ConnectionError> {
        let is_open = || self.is_open(connection_id);
        if self.outside().call(deadline, |_| is_open()).await? {
            self.cut(connection_id);
            Ok(())
        } else {
            Err(ConnectionError::NotFound)
        }
    }
}
