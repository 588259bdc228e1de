//! The control plane over HTTP, without a data plane.

mod databases;
mod faults;
mod functions;
mod gateways;
mod harness;
mod iam;
mod operations;
mod permissions;
mod triggers;
mod validation;
