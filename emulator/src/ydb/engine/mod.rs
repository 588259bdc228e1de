//! Databases on SQLite: tables, transactions, topics.
//!
//! A database is a file in WAL mode; a transaction is a connection of its own
//! (`transaction` tells how they don't disturb each other). Topics have a file
//! of their own. What is told to a client was committed to one of the files before,
//! so that a database that is opened again is the same.

mod alteration;
mod calls;
mod catalogue;
mod consumers;
mod conversion;
#[cfg(test)]
mod conversion_tests;
mod database;
mod file;
mod functions;
mod idle;
mod operators;
mod plan;
mod producers;
mod projection;
mod relations;
#[cfg(test)]
mod reopen_tests;
mod schema;
mod schema_budget;
mod script;
#[cfg(test)]
mod tests;
mod topic_log;
mod topic_records;
#[cfg(test)]
mod topic_tests;
mod topics;
mod transaction;
mod turn;
mod write;

pub(crate) use consumers::Order;
pub(crate) use database::Database;
pub(crate) use idle::IdleConnections;
pub(crate) use producers::Ownership;
pub(crate) use schema::{Index, Table};
pub(crate) use script::{Query, Rights};
pub(crate) use topic_log::PartitionKey;
pub(crate) use topics::{Message, Stored, Topic, TopicSettings, Written};
pub(crate) use transaction::{Mode, Transaction};
