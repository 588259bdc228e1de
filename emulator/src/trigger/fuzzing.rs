//! Batches of whatever a topic holds.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::batch::{Batch, Full};

/// Every record that is JSON is in one batch, in its order, and batches are JSON.
pub(crate) fn batches(size: u64, records: &[&[u8]]) {
    let mut batch = Batch::new(size, Duration::from_secs(1));
    let now = Instant::now();
    let mut sent: Vec<Full> = Vec::new();
    for (offset, record) in (0..).zip(records) {
        sent.extend(batch.add(offset, record, now));
    }
    sent.extend(batch.take(records.len() as u64));
    let said = |record: &&[u8]| serde_json::from_slice::<Value>(record).ok();
    let taken: Vec<Value> = records.iter().filter_map(said).collect();
    let mut told = Vec::new();
    for full in &sent {
        let payload: Value = serde_json::from_str(&full.payload).expect("JSON");
        told.extend(payload["messages"].as_array().cloned().unwrap_or_default());
    }
    assert_eq!(told, taken);
    assert!(sent.is_sorted_by(|one, next| one.next <= next.next));
}
