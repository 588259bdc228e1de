//! Batches of whatever a topic holds.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::batch::{Batch, Full};

/// What sockets are sent.
#[derive(Deserialize)]
struct Payload {
    messages: Vec<Box<RawValue>>,
}

/// Every record that is JSON is in one batch, in its order, and batches are JSON.
pub(crate) fn batches(size: u64, records: &[&[u8]]) {
    let mut batch = Batch::new(size, Duration::from_secs(1));
    let now = Instant::now();
    let mut sent: Vec<Full> = Vec::new();
    for (offset, record) in (0..).zip(records) {
        sent.extend(batch.add(offset, record, now));
    }
    sent.extend(batch.take(records.len() as u64));
    // As they were written: JSON's numbers are larger than those of any program.
    let said = |record: &&[u8]| serde_json::from_slice::<Box<RawValue>>(record).ok();
    let taken: Vec<Box<RawValue>> = records.iter().filter_map(said).collect();
    let mut told = Vec::new();
    for full in &sent {
        let payload: Payload = serde_json::from_str(&full.payload).expect("JSON");
        told.extend(payload.messages);
    }
    let texts = |values: &[Box<RawValue>]| -> Vec<String> {
        values.iter().map(|value| value.get().to_owned()).collect()
    };
    assert_eq!(texts(&told), texts(&taken));
    assert!(sent.is_sorted_by(|one, next| one.next <= next.next));
}
