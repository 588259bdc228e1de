//! Ports for listeners that clients come back to after the next start. They are
//! below every usual ephemeral range, from which others get theirs meanwhile.

use std::net::{IpAddr, SocketAddr};

use rand::RngExt;

const FIRST: u16 = 10_000;
const COUNT: u16 = 10_000;
/// How many are tried until there is a free one.
const TRIES: usize = 100;

/// Addresses to try, in no order.
pub(super) fn lasting(host: IpAddr) -> impl Iterator<Item = SocketAddr> {
    let port = || FIRST + rand::rng().random_range(0..COUNT);
    (0..TRIES).map(move |_| SocketAddr::new(host, port()))
}

/// Whether the next address may be better.
pub(super) fn is_taken(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::AddrInUse
}
