//! The process-wide choice of a TLS provider.

/// Makes ring the provider of every TLS connection of this process. Call once
/// at start; a second call changes nothing.
pub fn use_ring() {
    // An error means that somebody was first, with the same provider.
    drop(rustls::crypto::ring::default_provider().install_default());
}
