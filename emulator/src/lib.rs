//! A local Yandex Cloud: REST control plane, YDB, functions, WebSocket gateways, triggers.

pub mod args;
pub mod clock;
pub mod cloud;
pub mod error;
pub mod functions;
#[cfg(any(test, fuzzing))]
#[expect(clippy::expect_used, reason = "a panic is how a target fails")]
pub mod fuzzing;
pub mod gateway;
pub mod iam;
pub mod ids;
pub mod inspect;
pub mod open_files;
pub mod rest;
pub mod security;
pub mod server;
pub mod store;
pub mod traffic;
pub mod trigger;
pub mod ydb;
