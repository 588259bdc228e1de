//! Recorded calls: the last 10,000, or fewer when their bodies are long, with
//! bodies that stay readable.

use std::collections::VecDeque;
use std::mem::size_of;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// How many calls are kept.
const KEPT: usize = 10_000;

/// How much memory their bodies may take, in bytes: 10,000 pages of a long list
/// would be a gigabyte.
const BODIES: usize = 32 * 1024 * 1024;

/// The longest body that is kept whole, in bytes.
const WHOLE: usize = 64 * 1024;

/// What a string in a longer body is cut to: still whole base64.
const CUT: usize = 1024;

/// A call as it came in.
#[derive(Debug, Clone, Default)]
pub struct Started {
    /// When; set on recording.
    pub at: Timestamp,
    /// HTTP method, or `GRPC`.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// The query, without `?`.
    pub query: Option<String>,
    /// Whether it is a gRPC call.
    pub grpc: bool,
    /// The service account that calls.
    pub subject: Option<String>,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// The body.
    pub body: Value,
    /// Whether it may change something.
    pub mutating: bool,
}

/// How a call ended.
#[derive(Debug, Clone, Default)]
pub struct Finished {
    /// HTTP status; none when the connection was cut.
    pub status: Option<u16>,
    /// The body.
    pub body: Value,
}

/// One record.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// Counts from 1.
    pub sequence: u64,
    /// When it came.
    pub at: Timestamp,
    /// HTTP method, or `GRPC`.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// The query, without `?`.
    pub query: Option<String>,
    /// Whether it is a gRPC call.
    pub grpc: bool,
    /// HTTP status; none while it runs and when it was cut.
    pub status: Option<u16>,
    /// The service account that called.
    pub subject: Option<String>,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// JSON as it is, other text as a string, null for none.
    pub request_body: Value,
    /// As the request's.
    pub response_body: Value,
    /// Whether it may change something.
    pub mutating: bool,
}

/// The records, oldest first: their sequence numbers have no gaps.
#[derive(Debug, Default)]
pub(super) struct Requests {
    last: u64,
    /// Bytes that the bodies of all records take.
    bodies: usize,
    records: VecDeque<Recorded>,
}

impl Requests {
    pub(super) fn start(&mut self, call: Started) -> u64 {
        self.last += 1;
        self.bodies += weight(&call.body);
        self.records.push_back(Recorded {
            sequence: self.last,
            at: call.at,
            method: call.method,
            path: call.path,
            query: call.query,
            grpc: call.grpc,
            status: None,
            subject: call.subject,
            idempotency_key: call.idempotency_key,
            request_body: call.body,
            response_body: Value::Null,
            mutating: call.mutating,
        });
        self.forget();
        self.last
    }

    pub(super) fn finish(&mut self, sequence: u64, finished: Finished) {
        let found = self
            .records
            .iter_mut()
            .rev()
            .find(|record| record.sequence == sequence);
        if let Some(record) = found {
            self.bodies += weight(&finished.body);
            record.status = finished.status;
            record.response_body = finished.body;
        }
        self.forget();
    }

    /// Drops the oldest records while there are too many; the newest stays.
    fn forget(&mut self) {
        while self.records.len() > 1 && (self.records.len() > KEPT || self.bodies > BODIES) {
            let Some(oldest) = self.records.pop_front() else {
                return;
            };
            self.bodies -= weight(&oldest.request_body) + weight(&oldest.response_body);
        }
    }

    pub(super) fn list(&self, subject: Option<&str>) -> Vec<Recorded> {
        let wanted = self.records.iter().filter(|record| {
            subject.is_none_or(|subject| record.subject.as_deref() == Some(subject))
        });
        wanted.cloned().collect()
    }
}

/// About how many bytes of memory a body takes beside the record itself.
fn weight(body: &Value) -> usize {
    match body {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.capacity(),
        Value::Array(items) => items
            .iter()
            .map(|item| size_of::<Value>() + weight(item))
            .sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| size_of::<(String, Value)>() + name.len() + weight(value))
            .sum(),
    }
}

/// A body as it is recorded. JSON stays JSON: in a long body only its long
/// strings are cut, so that what is left can still be checked against a schema.
#[must_use]
pub fn readable(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            if body.len() > WHOLE {
                shorten(&mut value);
            }
            value
        }
        Err(_) => Value::String(String::from_utf8_lossy(body.get(..WHOLE).unwrap_or(body)).into()),
    }
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => {
            let end = (0..=CUT.min(text.len()))
                .rev()
                .find(|at| text.is_char_boundary(*at));
            text.truncate(end.unwrap_or(0));
            // What was cut off is given back: an archive has megabytes.
            text.shrink_to_fit();
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// gRPC methods that may change something, by the last part of the path.
/// Writes to a topic aren't among them: they are the chat's, not a controller's.
#[must_use]
pub fn grpc_mutates(path: &str) -> bool {
    let method = path.rsplit('/').next().unwrap_or(path);
    matches!(
        method,
        "CreateTable"
            | "DropTable"
            | "AlterTable"
            | "CopyTable"
            | "RenameTables"
            | "ExecuteSchemeQuery"
            | "CreateTopic"
            | "AlterTopic"
            | "DropTopic"
            | "ExecuteQuery"
            | "ExecuteDataQuery"
            | "StreamExecuteYql"
            | "CommitTransaction"
            | "BulkUpsert"
            | "MakeDirectory"
            | "RemoveDirectory"
    )
}
