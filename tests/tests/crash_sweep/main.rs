//! The crash sweep: a chat is made, forgotten and deleted, and at some call of
//! each of these stages, to the cloud or to Kubernetes, the operator dies. One
//! that remembers nothing must go on so that nobody could tell afterwards.
//!
//! The operator is the library, in this process, and dies by being dropped. The
//! cloud is the emulator, in this process as well. Kubernetes is a map
//! (`api_server`), right behind the operator's own client.
//!
//! So it is with chats that bring a key of their own (`keys`), and with one that
//! is made of what others gave to it (`adopted`).
//!
//! In the same worlds, a user deletes the chat at some call, and nobody dies
//! (`leave`). Or nothing happens for a day (`quiet_day`), or the operator is given
//! nonsense (`fuzzed`).
//!
//! An ordinary run tries some of all deaths, chosen by a seed that it prints.
//! `WSCHAT_SWEEP_SEED=7` chooses the seed, `WSCHAT_SWEEP_LIVES=24` how many are
//! tried, `all` for every one, and `WSCHAT_SWEEP_SEEDS=20` how many seeds in a
//! row.

// The futures of `ydb` nest deeper than the compiler looks by default.
#![recursion_limit = "256"]

mod adopted;
mod api_server;
mod failures;
mod fuzzed;
mod gate;
mod keys;
mod leave;
mod life;
mod plan;
mod quiet_day;
mod sweep;
mod world;
