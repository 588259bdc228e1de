//! The chat's Cloud Function.
//!
//! Node.js loads this crate as a Node-API module (`node`), and every call goes
//! one way: `event` reads it, `instance` gives it the outside, `chat` looks up
//! facts and does what `decisions` decides, `reply` answers. The outside is
//! behind the traits of [`ports`]; their adapters are `store` (table
//! `connections`), `topic` and `connections` (the gateway's connection API).
//! `cloud` keeps the one link to YDB that all calls of an instance share.
//!
//! # Dependencies
//!
//! Every cold start loads the archive, so each crate in it has a reason:
//!
//! * `ydb` is the driver, with `tonic`, `h2`, `rustls` and `ring` below it. Its
//!   own HTTP client is not linked: `without-reqwest` takes its place, and says
//!   why nobody misses it. That made 2,531,794 bytes 2,103,080.
//! * `tracing` and `log` are what the crates below speak to; nobody listens, so
//!   the deployed build (feature `silent`) leaves out what they would say.
//! * `napi` is the way into Node.js, without its runtime (`node` says why).
//! * The connection API is called over REST by `https`, a hundred lines on
//!   hyper, tokio-rustls and rustls-native-certs, which the module holds anyway
//!   because `ydb`'s gRPC stands on them. A replaced connection is rare and takes
//!   two requests, so nothing of what `reqwest` does beyond (pools, redirects,
//!   cookies, proxies) would be used; in the archive it is 150 KB.
//! * `serde_json`, `base64` and `url` read what comes, `jiff` writes times,
//!   `uuid` makes names.
//!
//! `docs/performance.md` has what calls cost, and what is left in them.

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
mod renewable;
pub mod reply;
mod store;
mod topic;
mod writer;
mod ydb_errors;
