//! Requests and replies as they are on the wire, a module per service.
//!
//! Requests refuse unknown fields when they are parsed; replies ignore them,
//! and a missing field has its default, since the cloud may leave defaults out.
//! 64-bit integers are strings in JSON, durations end in `s`, a field mask is
//! one comma-joined string, and times are RFC 3339 in UTC.

pub mod access;
pub mod apigateway;
pub mod database;
pub mod endpoint;
pub mod error;
pub mod function;
pub mod iam;
pub mod operation;
pub mod quota;
pub mod trigger;
pub mod version;
pub mod websocket;
pub mod workload;

mod wire;

pub use wire::{Duration, FieldMask};

use std::collections::BTreeMap;

/// Labels of a resource: at most 64 pairs, keys and values up to 63 characters.
pub type Labels = BTreeMap<String, String>;
