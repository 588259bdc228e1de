//! Databases on SQLite: tables, transactions, topics.
//!
//! A database is a file in WAL mode. A transaction is a connection of its own:
//! its first read fixes what it sees, and a write after somebody else's commit
//! fails, which is YDB's optimistic locking at the granularity of the whole
//! database. False conflicts can happen; every client repeats them.

mod database;
mod plan;
mod projection;
mod schema;
#[cfg(test)]
mod tests;
mod topics;
mod transaction;
mod write;

pub(crate) use database::{Database, Query, Rights};
pub(crate) use schema::{Index, Table};
pub(crate) use topics::{Message, Stored, Topic, TopicSettings, Written};
pub(crate) use transaction::{Mode, Transaction};
