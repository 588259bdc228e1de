//! Records of a batch, until it is full or due.

use std::time::Duration;

use serde_json::value::RawValue;
use tokio::time::Instant;

/// A batch in the making: `{"messages":[…]}` with the records as they came.
#[derive(Debug)]
pub(super) struct Batch {
    size: u64,
    cutoff: Duration,
    records: String,
    due: Option<Instant>,
}

impl Batch {
    /// Full at `size` bytes, due `cutoff` after its first record.
    pub(super) fn new(size: u64, cutoff: Duration) -> Self {
        Self {
            size,
            cutoff,
            records: String::new(),
            due: None,
        }
    }

    /// Adds a record; the payload, if it is full now.
    pub(super) fn add(&mut self, record: &[u8]) -> Option<String> {
        let Ok(record) = serde_json::from_slice::<&RawValue>(record) else {
            tracing::warn!("a record that isn't JSON is dropped");
            return None;
        };
        if !self.records.is_empty() {
            self.records.push(',');
        }
        self.records.push_str(record.get());
        self.due.get_or_insert(Instant::now() + self.cutoff);
        if self.records.len() as u64 >= self.size {
            return self.take();
        }
        None
    }

    /// The payload of what is there.
    pub(super) fn take(&mut self) -> Option<String> {
        self.due = None;
        if self.records.is_empty() {
            return None;
        }
        let records = std::mem::take(&mut self.records);
        Some(format!("{{\"messages\":[{records}]}}"))
    }

    /// Waits until it must be sent; for ever while it is empty.
    pub(super) async fn due(&self) {
        match self.due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_batch_goes_when_it_is_full_or_due() {
        let mut small = Batch::new(1, Duration::from_secs(1));
        assert_eq!(
            small.add(b"{\"a\": 1}").as_deref(),
            Some("{\"messages\":[{\"a\": 1}]}")
        );
        assert_eq!(small.add(b"no JSON"), None);
        let mut large = Batch::new(10, Duration::from_millis(30));
        assert_eq!(large.add(b"\"12\""), None);
        let start = Instant::now();
        large.due().await;
        assert!(start.elapsed() >= Duration::from_millis(25));
        assert_eq!(
            large.add(b"[5,6,7]").as_deref(),
            Some("{\"messages\":[\"12\",[5,6,7]]}")
        );
        assert_eq!(large.take(), None);
    }
}
