//! What passed the gateways and the triggers lately: for a person who asks
//! where a message is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

/// How many sightings are kept.
const KEPT: usize = 5_000;
/// How much of a message is kept, in characters.
const PREVIEW: usize = 200;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Seen {
    /// A socket opened.
    Opened {
        /// Its gateway.
        gateway_id: String,
        /// Itself.
        connection_id: String,
    },
    /// A socket closed.
    Closed {
        /// Itself.
        connection_id: String,
        /// The close code.
        status: u16,
    },
    /// A client sent a message.
    Received {
        /// From whom.
        connection_id: String,
        /// As in the function's event.
        message_id: String,
        /// Its beginning.
        text: String,
    },
    /// The function's reply went back to the client.
    Replied {
        /// To whom.
        connection_id: String,
        /// What it answers.
        message_id: String,
        /// Its beginning.
        text: String,
    },
    /// The function failed.
    Failed {
        /// Whose message it was.
        connection_id: String,
        /// Which one.
        message_id: String,
        /// Why.
        error: String,
    },
    /// Somebody sent something through the connection API.
    Sent {
        /// To whom.
        connection_id: String,
        /// Its beginning.
        text: String,
    },
    /// A trigger sent a batch to all sockets of a path.
    Delivered {
        /// Which one.
        trigger_id: String,
        /// To the sockets of this gateway.
        gateway_id: String,
        /// The records' partition.
        partition: usize,
        /// All of its records below this offset were sent now or before.
        below: u64,
        /// How many sockets there were.
        sockets: usize,
        /// The batch's beginning.
        text: String,
    },
    /// A trigger called a function with a batch.
    Invoked {
        /// Which one.
        trigger_id: String,
        /// The function, which took it.
        function_id: String,
        /// The records' partition.
        partition: usize,
        /// All of its records below this offset were sent now or before.
        below: u64,
        /// How often it failed before.
        retries: u32,
        /// The batch's beginning.
        text: String,
    },
    /// A trigger could not send a batch, which is lost.
    Lost {
        /// Which one.
        trigger_id: String,
        /// Why.
        error: String,
        /// The batch's beginning.
        text: String,
    },
    /// A trigger reads nothing.
    Stuck {
        /// Which one.
        trigger_id: String,
        /// Why.
        error: String,
    },
}

/// Something seen, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sighting {
    /// Real time, whatever the emulated clock says.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub seen: Seen,
}

/// The last 5,000 sightings; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Traffic(Arc<Mutex<VecDeque<Sighting>>>);

impl Traffic {
    /// Keeps it.
    pub fn saw(&self, seen: Seen) {
        let sighting = Sighting {
            at: Timestamp::now(),
            seen,
        };
        let mut sightings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sightings.len() == KEPT {
            sightings.pop_front();
        }
        sightings.push_back(sighting);
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Sighting> {
        let sightings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sightings.iter().cloned().collect()
    }
}

/// The beginning of a text.
#[must_use]
pub fn preview(text: &str) -> String {
    text.chars().take(PREVIEW).collect()
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Seen, Traffic, preview};

    #[test]
    fn the_newest_are_kept() {
        let traffic = Traffic::default();
        for number in 0..=KEPT {
            let status = u16::try_from(number).unwrap();
            let connection_id = "c".to_owned();
            traffic.saw(Seen::Closed {
                connection_id,
                status,
            });
        }
        let all = traffic.all();
        assert_eq!(all.len(), KEPT);
        let first = serde_json::to_value(&all[0]).unwrap();
        assert_eq!(first["kind"], "closed");
        assert_eq!(first["status"], 1);
        assert_eq!(first["connectionId"], "c");
    }

    #[test]
    fn a_preview_is_cut_between_characters() {
        assert_eq!(preview("short"), "short");
        assert_eq!(preview(&"ü".repeat(300)), "ü".repeat(200));
    }
}
