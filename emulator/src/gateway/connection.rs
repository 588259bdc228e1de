//! One open socket, as others see it.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use rand::RngExt;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{Bytes, Utf8Bytes};
use tokio_util::sync::CancellationToken;

/// Frames that may wait for a slow client.
const WAITING: usize = 1024;
/// Length of connection ids in the official samples.
const ID_LENGTH: usize = 33;
const ID_ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// What a socket is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outgoing {
    Text(Utf8Bytes),
    Binary(Bytes),
    /// Close with 1000 and no reason, as the connection API does.
    Close,
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
    last_active: Mutex<Timestamp>,
    outgoing: mpsc::Sender<Outgoing>,
    /// Cut off because it doesn't read.
    pub(super) too_slow: CancellationToken,
}

/// An id as in the official samples.
pub(super) fn new_id() -> String {
    let mut random = rand::rng();
    let letter = |_| char::from(ID_ALPHABET[random.random_range(0..ID_ALPHABET.len())]);
    (0..ID_LENGTH).map(letter).collect()
}

impl Connection {
    pub(super) fn new(
        id: String,
        gateway: &super::Gateway,
        path: String,
        identity: Identity,
        connected_at: Timestamp,
    ) -> (Self, mpsc::Receiver<Outgoing>) {
        let (outgoing, queue) = mpsc::channel(WAITING);
        let connection = Self {
            id,
            gateway_id: gateway.id.clone(),
            folder_id: gateway.folder_id.clone(),
            path,
            identity,
            connected_at,
            last_active: Mutex::new(connected_at),
            outgoing,
            too_slow: CancellationToken::new(),
        };
        (connection, queue)
    }

    /// Puts something into its queue; a full queue ends the socket.
    pub(super) fn send(&self, outgoing: Outgoing) -> bool {
        let taken = self.outgoing.try_send(outgoing);
        if let Err(mpsc::error::TrySendError::Full(_)) = &taken {
            self.too_slow.cancel();
        }
        taken.is_ok()
    }

    pub(super) fn send_text(&self, text: Utf8Bytes) -> bool {
        self.send(Outgoing::Text(text))
    }

    pub(super) fn touch(&self) {
        *self
            .last_active
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Timestamp::now();
    }

    pub(super) fn last_active(&self) -> Timestamp {
        *self
            .last_active
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
