//! One open socket, as others see it, and all of them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rand::RngExt;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{Bytes, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use crate::traffic::preview;

/// Length of connection ids in the official samples.
const ID_LENGTH: usize = 33;
const ID_ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// What a socket is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outgoing {
    Text(Utf8Bytes),
    Binary(Bytes),
    /// Close with this code and no reason.
    Close(u16),
}

impl Outgoing {
    /// Its beginning, for a person.
    pub(super) fn preview(&self) -> String {
        match self {
            Self::Text(text) => preview(text),
            Self::Binary(bytes) => format!("{} bytes", bytes.len()),
            Self::Close(code) => format!("close with {code}"),
        }
    }
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) source_ip: IpAddr,
    pub(super) user_agent: String,
}

/// An open socket.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: String,
    pub(super) gateway_id: String,
    pub(super) folder_id: String,
    /// As in the specification.
    pub(super) path: String,
    pub(super) identity: Identity,
    pub(super) connected_at: Timestamp,
    last_active_millis: AtomicI64,
    outgoing: mpsc::Sender<Outgoing>,
    /// Set when the client doesn't read.
    pub(super) too_slow: CancellationToken,
}

/// An id as in the official samples.
pub(super) fn new_id() -> String {
    let mut random = rand::rng();
    let letter = |_| char::from(ID_ALPHABET[random.random_range(0..ID_ALPHABET.len())]);
    (0..ID_LENGTH).map(letter).collect()
}

impl Connection {
    /// A connection of a gateway's path with an empty queue of that length. Its
    /// times are whole milliseconds, as in events.
    pub(super) fn new(
        gateway: &super::Gateway,
        path: &str,
        identity: Identity,
        connected_at: Timestamp,
        queue: usize,
    ) -> (Self, mpsc::Receiver<Outgoing>) {
        let (outgoing, queue) = mpsc::channel(queue.max(1));
        let millis = connected_at.as_millisecond();
        let connected_at = Timestamp::from_millisecond(millis).unwrap_or(connected_at);
        let connection = Self {
            id: new_id(),
            gateway_id: gateway.id.clone(),
            folder_id: gateway.folder_id.clone(),
            path: path.to_owned(),
            identity,
            connected_at,
            last_active_millis: AtomicI64::new(millis),
            outgoing,
            too_slow: CancellationToken::new(),
        };
        (connection, queue)
    }

    /// Puts something into its queue; a full queue ends the socket.
    pub(super) fn send(&self, outgoing: Outgoing) -> bool {
        match self.outgoing.try_send(outgoing) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.too_slow.cancel();
                false
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }

    /// The client did something.
    pub(super) fn touch(&self, now: Timestamp) {
        self.last_active_millis
            .store(now.as_millisecond(), Ordering::Relaxed);
    }

    /// When the client did something last.
    pub(super) fn last_active(&self) -> Timestamp {
        let millis = self.last_active_millis.load(Ordering::Relaxed);
        Timestamp::from_millisecond(millis).unwrap_or(self.connected_at)
    }
}

type OfPath = HashMap<String, Arc<Connection>>;

#[derive(Debug, Default)]
struct Index {
    by_id: HashMap<String, Arc<Connection>>,
    by_path: HashMap<(String, String), OfPath>,
}

/// All open sockets, by id and by gateway and path.
#[derive(Debug, Default)]
pub(super) struct Connections(Mutex<Index>);

impl Connections {
    fn index(&self) -> MutexGuard<'_, Index> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn insert(&self, connection: &Arc<Connection>) {
        let mut index = self.index();
        let path = (connection.gateway_id.clone(), connection.path.clone());
        let of_path = index.by_path.entry(path).or_default();
        of_path.insert(connection.id.clone(), Arc::clone(connection));
        index
            .by_id
            .insert(connection.id.clone(), Arc::clone(connection));
    }

    pub(super) fn remove(&self, connection: &Connection) {
        let mut index = self.index();
        index.by_id.remove(&connection.id);
        let path = (connection.gateway_id.clone(), connection.path.clone());
        if let Some(of_path) = index.by_path.get_mut(&path) {
            of_path.remove(&connection.id);
            if of_path.is_empty() {
                index.by_path.remove(&path);
            }
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Connection>> {
        self.index().by_id.get(id).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Connection>> {
        self.index().by_id.values().cloned().collect()
    }

    /// Queues a text for every socket of a path; to how many. The text is
    /// shared, and nobody waits for a slow client.
    pub(super) fn broadcast(&self, gateway_id: &str, path: &str, text: &Utf8Bytes) -> usize {
        let index = self.index();
        let of_path = index.by_path.get(&(gateway_id.to_owned(), path.to_owned()));
        let connections = of_path.into_iter().flat_map(HashMap::values);
        connections
            .filter(|connection| connection.send(Outgoing::Text(text.clone())))
            .count()
    }
}
