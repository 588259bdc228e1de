//! A typed client of Yandex Cloud's REST API: authentication, endpoints,
//! operations, errors, and a module for each service.
//!
//! [`model`] holds requests and replies as they are on the wire; it knows no
//! HTTP and serves the emulator as well. Field names, limits and defaults are
//! those of the public API definitions (`yandex/cloud/**.proto`), in the JSON
//! form that the REST gateway speaks.

pub mod model;
