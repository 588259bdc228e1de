//! The control plane over HTTP, without a data plane.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod catalogue;
mod databases;
mod failures;
mod faults;
mod federations;
mod functions;
mod gateways;
mod guesses;
mod harness;
mod iam;
mod judge;
mod kinds;
mod limits;
mod lists;
mod operations;
mod permissions;
mod quotas;
mod state;
mod triggers;
mod validation;
