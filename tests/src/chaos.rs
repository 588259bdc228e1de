//! Chaos: a plan of who does what when, and of what breaks; a record of what
//! came of it; and the laws that any record must keep. All of it is pure. The
//! runs themselves are in `tests/tests/chaos`, and what they show is told in
//! `docs/reliability.md`.
//!
//! A seed tells a whole [plan](plan::Plan). Real time differs from run to run,
//! so laws speak of what was observed before what, never of how long it took.

pub mod fault;
pub mod frame;
pub mod history;
pub mod laws;
pub mod message;
pub mod plan;
