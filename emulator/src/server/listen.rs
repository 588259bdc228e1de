//! Listeners. On a state, port 0 takes the same free port at each start: clients
//! come back, and functions know addresses by their environment.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::{StartError, ports};
use crate::store::Store;

/// A listener and where it listens.
pub(super) struct Listening {
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
}

/// Listens at `wanted`; `flag` chooses it.
pub(super) async fn listen(
    store: &Store,
    wanted: SocketAddr,
    flag: &'static str,
) -> Result<Listening, StartError> {
    let before = store.kept(flag)?;
    let address = chosen(wanted, before);
    let bound = if address.port() == 0 && store.keeps() {
        lasting(address).await
    } else {
        TcpListener::bind(address).await
    };
    let listener = bound.map_err(|source| {
        if ports::is_taken(&source) {
            StartError::Busy { address, flag }
        } else {
            StartError::Listen { address, source }
        }
    })?;
    let address = listener
        .local_addr()
        .map_err(|source| StartError::Listen { address, source })?;
    store.keep(flag, &address);
    Ok(Listening { listener, address })
}

async fn lasting(wanted: SocketAddr) -> std::io::Result<TcpListener> {
    for address in ports::lasting(wanted.ip()) {
        match TcpListener::bind(address).await {
            Err(error) if ports::is_taken(&error) => {}
            bound => return bound,
        }
    }
    TcpListener::bind(wanted).await
}

fn chosen(wanted: SocketAddr, before: Option<SocketAddr>) -> SocketAddr {
    before
        .filter(|before| wanted.port() == 0 && before.ip() == wanted.ip())
        .unwrap_or(wanted)
}

#[cfg(test)]
mod tests {
    use super::chosen;

    #[test]
    fn a_free_port_stays_the_same_unless_another_is_wanted() {
        let address = |text: &str| text.parse().unwrap();
        let free = address("127.0.0.1:0");
        let before = Some(address("127.0.0.1:4711"));
        assert_eq!(chosen(free, None), free);
        assert_eq!(chosen(free, before), address("127.0.0.1:4711"));
        let fixed = address("127.0.0.1:8480");
        assert_eq!(chosen(fixed, before), fixed);
        assert_eq!(chosen(address("[::1]:0"), before), address("[::1]:0"));
    }
}
