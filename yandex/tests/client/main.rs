//! The client against a listener in the same process that answers as the test
//! says, and the wire forms against literal JSON.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod auth;
mod calls;
mod endpoints;
mod errors;
mod harness;
#[path = "../../../tests/judges/descriptors/stream.rs"]
mod judge;
mod lists;
mod metadata;
mod methods;
mod replies;
mod requests;
mod stage;
mod workload_identity;
