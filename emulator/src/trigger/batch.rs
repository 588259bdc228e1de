//! Records of a batch, until it is full or due. Decides; does nothing.

use std::time::Duration;

use serde_json::value::RawValue;
use tokio::time::Instant;

/// What a batch looks like before its first record and between records.
const START: &str = r#"{"messages":["#;
const END: &str = "]}";

/// A batch to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full {
    /// `{"messages":[…]}` with the records as they came.
    pub(super) payload: String,
    /// The offset of the first record that isn't in this batch or an older one.
    pub(super) next: u64,
}

/// A batch in the making.
#[derive(Debug)]
pub(super) struct Batch {
    size: u64,
    cutoff: Duration,
    payload: String,
    bytes: u64,
    due: Option<Instant>,
}

impl Batch {
    /// Sent at `size` bytes of records, or `cutoff` after its first record.
    pub(super) fn new(size: u64, cutoff: Duration) -> Self {
        Self {
            size,
            cutoff,
            payload: String::new(),
            bytes: 0,
            due: None,
        }
    }

    /// Adds the record at an offset; what must be sent now. A record that
    /// doesn't fit any more starts the next batch, and one that is larger than
    /// a whole batch goes alone (documented). One that isn't JSON is dropped (a
    /// guess: triggers take JSON only, the rest isn't documented).
    pub(super) fn add(&mut self, offset: u64, record: &[u8], now: Instant) -> Vec<Full> {
        let mut full = Vec::new();
        let Ok(record) = serde_json::from_slice::<&RawValue>(record) else {
            tracing::warn!(offset, "a record that isn't JSON is dropped");
            return full;
        };
        let bytes = record.get().len() as u64;
        if self.bytes + bytes > self.size {
            full.extend(self.take(offset));
        }
        self.payload
            .push_str(if self.payload.is_empty() { START } else { "," });
        self.payload.push_str(record.get());
        self.bytes += bytes;
        self.due.get_or_insert(now + self.cutoff);
        if self.bytes >= self.size {
            full.extend(self.take(offset + 1));
        }
        full
    }

    /// What is there, whose end is before the record at `next`.
    pub(super) fn take(&mut self, next: u64) -> Option<Full> {
        self.due = None;
        self.bytes = 0;
        if self.payload.is_empty() {
            return None;
        }
        let mut payload = std::mem::take(&mut self.payload);
        payload.push_str(END);
        Some(Full { payload, next })
    }

    /// When it must be sent; nothing while it is empty.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Batch, Full};

    fn full(payload: &str, next: u64) -> Full {
        Full {
            payload: payload.to_owned(),
            next,
        }
    }

    #[test]
    fn at_one_byte_every_record_goes_alone() {
        let (mut batch, now) = (Batch::new(1, Duration::from_secs(1)), Instant::now());
        let first = batch.add(4, br#"{"a": 1}"#, now);
        assert_eq!(first, [full(r#"{"messages":[{"a": 1}]}"#, 5)]);
        assert_eq!(batch.add(5, b"2", now), [full(r#"{"messages":[2]}"#, 6)]);
        assert_eq!(batch.due(), None);
    }

    #[test]
    fn a_record_that_does_not_fit_starts_the_next_batch() {
        let (mut batch, now) = (Batch::new(10, Duration::from_secs(1)), Instant::now());
        assert_eq!(batch.add(0, br#""1234""#, now), []);
        assert_eq!(
            batch.add(1, br#""567""#, now),
            [full(r#"{"messages":["1234"]}"#, 1)]
        );
        assert_eq!(
            batch.add(2, b"12345", now),
            [full(r#"{"messages":["567",12345]}"#, 3)]
        );
        let large = format!("\"{}\"", "x".repeat(50));
        assert_eq!(batch.add(3, b"7", now), []);
        let both = batch.add(4, large.as_bytes(), now);
        assert_eq!(both.len(), 2, "what was there, then the large one alone");
        assert_eq!((both[0].next, both[1].next), (4, 5));
    }

    #[test]
    fn it_is_due_a_while_after_its_first_record() {
        let (mut batch, now) = (Batch::new(100, Duration::from_secs(1)), Instant::now());
        assert_eq!((batch.due(), batch.take(0)), (None, None));
        batch.add(0, b"no JSON", now);
        assert_eq!(batch.due(), None);
        batch.add(1, b"1", now);
        batch.add(2, b"2", now + Duration::from_millis(900));
        assert_eq!(batch.due(), Some(now + Duration::from_secs(1)));
        assert_eq!(batch.take(3), Some(full(r#"{"messages":[1,2]}"#, 3)));
        assert_eq!((batch.due(), batch.take(3)), (None, None));
    }
}
