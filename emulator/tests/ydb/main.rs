//! The emulated YDB, driven by the crate `ydb` and by plain gRPC calls.
#![recursion_limit = "256"]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod access;
mod catalogue;
mod faults;
mod goose;
mod harness;
mod partition_sessions;
mod tables;
mod topics;
