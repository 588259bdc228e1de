//! Ports for programs that can't be told "any free one".

use std::net::{Ipv4Addr, TcpListener};

/// Below every usual ephemeral range, so that no outgoing connection and no
/// listener on port 0 takes a port between our look and the program's bind.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;
const TRIES: usize = 200;

/// No free port was found.
#[derive(Debug, thiserror::Error)]
#[error("no free port found among {FIRST}..{}", FIRST + COUNT)]
pub struct NoFreePort;

/// A loopback port that nobody listens on now. Somebody may take it before it
/// is used: start again with another one then.
pub fn free_port() -> Result<u16, NoFreePort> {
    (0..TRIES)
        .map(|_| FIRST + random_below(COUNT))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .ok_or(NoFreePort)
}

fn random_below(limit: u16) -> u16 {
    let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
    u16::try_from((high ^ low) % u64::from(limit)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_found_port_can_be_bound_and_is_then_not_found_again() {
        let port = free_port().unwrap();
        let _held = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        for _ in 0..50 {
            assert_ne!(free_port().unwrap(), port);
        }
    }
}
