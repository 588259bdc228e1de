//! The chat's Cloud Function.
//!
//! Node.js loads this crate as a Node-API module (`node`), and every call goes
//! one way: `event` reads it, `instance` gives it the outside, `chat` looks up
//! facts and does what `decisions` decides, `reply` answers. The outside is
//! behind the traits of [`ports`]; their adapters are `store` (table
//! `connections`), `topic` and `connections` (the gateway's connection API).
//! `cloud` keeps the one link to YDB that all calls of an instance share.
//!
//! The connection API is called over REST with `reqwest`: its gRPC form would
//! need generated code for two calls, and most of what `reqwest` stands on
//! (hyper, rustls) is in the module anyway, because `ydb` needs it.

pub mod call;
pub mod chat;
mod cloud;
mod connections;
pub mod decisions;
pub mod environment;
pub mod event;
mod evict;
mod health;
pub mod instance;
mod link;
pub mod log;
pub mod node;
pub mod ports;
pub mod reply;
mod store;
mod topic;
