//! A typed client of Yandex Cloud's REST API: authentication, endpoints,
//! operations, errors, and a module for each service.
//!
//! [`Client`] is the way in: `client.functions().create(&request, key)`. Every
//! mutation takes the caller's idempotency key, so that a caller who saved it
//! before can repeat the call after a crash; every update takes a mask within
//! its request. Nothing here sleeps for long or polls: operations are handed
//! back to the caller.
//!
//! [`model`] holds requests and replies as they are on the wire; it knows no
//! HTTP and serves the emulator as well. Field names, limits and defaults are
//! those of the public API definitions (`yandex/cloud/**.proto`), in the JSON
//! form that the REST gateway speaks.
//!
//! A process must have a default rustls crypto provider before it makes a
//! client.

pub mod auth;
mod call;
mod client;
mod code;
mod endpoint;
mod error;
pub mod model;
mod pace;
pub mod service;

pub use client::{Client, Config};
pub use code::Code;
pub use endpoint::{ApiEndpoint, DEFAULT_API_ENDPOINT, EndpointError, Service};
pub use error::{ApiError, Error};
pub use pace::Rate;
