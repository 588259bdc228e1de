//! Messages that wait for their acknowledgement, one at a time: the order of a
//! sender is only promised to one that awaits each ACK.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::outgoing::Outgoing;

/// Between two attempts when the server says UNAVAILABLE.
const AGAIN: Duration = Duration::from_secs(1);
/// A message that lost so many connections is probably why they were lost.
const LOSSES: u32 = 3;

#[derive(Debug)]
struct InFlight {
    message: Outgoing,
    /// `None` while the connection is down.
    ack_by: Option<Instant>,
    again_at: Option<Instant>,
    losses: u32,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Outbox {
    ack_timeout: Duration,
    in_flight: Option<InFlight>,
    queue: VecDeque<Outgoing>,
}

impl Outbox {
    pub(crate) fn new(ack_timeout: Duration) -> Self {
        Self {
            ack_timeout,
            in_flight: None,
            queue: VecDeque::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.in_flight.is_none() && self.queue.is_empty()
    }

    pub(crate) fn push(&mut self, message: Outgoing) {
        self.queue.push_back(message);
    }

    /// What to send now that the connection is up: the message that lost its
    /// connection, again with its id, or the next one.
    pub(crate) fn next_frame(&mut self, now: Instant) -> Option<String> {
        if self.in_flight.is_none() {
            let message = self.queue.pop_front()?;
            self.in_flight = Some(InFlight {
                message,
                ack_by: None,
                again_at: None,
                losses: 0,
            });
        }
        let in_flight = self.in_flight.as_mut()?;
        let again = in_flight.again_at.is_some_and(|at| at <= now);
        if in_flight.ack_by.is_some() && !again {
            return None;
        }
        in_flight.again_at = None;
        in_flight.ack_by.get_or_insert(now + self.ack_timeout);
        Some(in_flight.message.to_json())
    }

    /// The connection is closing: no acknowledgement is awaited.
    pub(crate) fn hold(&mut self) {
        if let Some(in_flight) = &mut self.in_flight {
            in_flight.ack_by = None;
            in_flight.again_at = None;
        }
    }

    /// The connection is lost. Gives the message back that lost too many of them.
    pub(crate) fn lose(&mut self) -> Option<Outgoing> {
        let in_flight = self.in_flight.as_mut()?;
        in_flight.again_at = None;
        in_flight.ack_by.take()?;
        in_flight.losses += 1;
        if in_flight.losses < LOSSES {
            return None;
        }
        self.refuse_last()
    }

    /// An ACK, or our own broadcast. Old servers send ACKs without an id.
    pub(crate) fn confirm(&mut self, id: Option<&str>) {
        self.in_flight
            .take_if(|in_flight| id.is_none_or(|id| in_flight.message.id == id));
    }

    /// The server refused this message; `None`: it isn't ours.
    pub(crate) fn refuse(&mut self, id: Option<&str>) -> Option<Outgoing> {
        self.in_flight
            .take_if(|in_flight| id == Some(in_flight.message.id.as_str()))
            .map(|in_flight| in_flight.message)
    }

    /// The connection was closed because of what was sent last.
    pub(crate) fn refuse_last(&mut self) -> Option<Outgoing> {
        self.in_flight.take().map(|in_flight| in_flight.message)
    }

    /// The server doesn't know whether it took this message: once more, soon.
    /// `false`: it isn't ours.
    pub(crate) fn again(&mut self, id: Option<&str>, now: Instant) -> bool {
        match &mut self.in_flight {
            Some(in_flight) if id == Some(in_flight.message.id.as_str()) => {
                in_flight.again_at = Some(now + AGAIN);
                true
            }
            _ => false,
        }
    }

    /// The message whose time for an acknowledgement is over.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Outgoing> {
        self.in_flight
            .take_if(|in_flight| in_flight.ack_by.is_some_and(|by| by <= now))
            .map(|in_flight| in_flight.message)
    }

    /// Everything that never got its acknowledgement.
    pub(crate) fn drain(&mut self) -> Vec<Outgoing> {
        let in_flight = self.refuse_last();
        in_flight.into_iter().chain(self.queue.drain(..)).collect()
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let in_flight = self.in_flight.as_ref()?;
        [in_flight.ack_by, in_flight.again_at]
            .into_iter()
            .flatten()
            .min()
    }
}
