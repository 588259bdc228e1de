//! The chat's Cloud Function.
//!
//! Node.js loads this crate as a Node-API module (`node`), and every call goes
//! one way: `event` reads it, `instance` gives it the outside, `chat` looks up
//! facts and does what `decisions` decides, `reply` answers. The outside is
//! behind the traits of [`ports`]; their adapters are `store` (table
//! `connections`), `topic` and `connections` (the gateway's connection API).
//! `cloud` keeps the one link to YDB that all calls of an instance share.
//!
//! The connection API is called over REST by `https`, a hundred lines on hyper,
//! tokio-rustls and rustls-native-certs, which the module holds anyway because
//! `ydb`'s gRPC stands on them. A replaced connection is rare and takes two
//! requests, so nothing of what `reqwest` does beyond (pools, redirects,
//! cookies, proxies) would be used; measured in the archive, `reqwest` 0.13 adds
//! 150 KB to 2.5 MB. Leaving out the spans and events of `tracing` and `log` and
//! folding equal functions in the linker gave 40 KB together: not worth a switch.

pub mod call;
pub mod chat;
mod cloud;
mod connections;
pub mod decisions;
pub mod environment;
pub mod event;
mod evict;
mod health;
mod https;
pub mod instance;
mod link;
pub mod log;
pub mod node;
pub mod ports;
pub mod reply;
mod store;
mod topic;
mod ydb_errors;
