//! The steps of the graph, a file each: observe, plan, at most one mutation.

pub(crate) mod account;
mod child;
#[cfg(test)]
mod crash_tests;
pub(crate) mod database;
pub(crate) mod function;
pub(crate) mod gateway;
mod health;
pub(crate) mod invokers;
pub(crate) mod live;
mod operation;
pub(crate) mod probe;
pub(crate) mod roles;
pub(crate) mod schema;
pub(crate) mod sight;
pub(crate) mod topic;
pub(crate) mod trigger;
pub(crate) mod version;
