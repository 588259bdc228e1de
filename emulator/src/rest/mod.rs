//! REST methods, one file a service.
