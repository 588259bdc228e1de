use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{Connector, connect_async_tls_with_config};

use super::{GATEWAY, Room, closed, next, say};
use crate::gateway::GatewaySettings;
use crate::security::Security;
use crate::store::Store;

/// A room, and a client's side of TLS that trusts it.
async fn secure_room(folder: &TempDir) -> (Room, Connector) {
    let security = Security::tls(&folder.path().join("ca.pem"), &[], &Store::default()).unwrap();
    let authority = security.authority().unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(authority).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let room = Room::open(GatewaySettings::default(), security).await;
    (room, Connector::Rustls(Arc::new(config)))
}

#[tokio::test]
async fn sockets_go_over_tls_and_functions_learn_of_it() {
    let folder = TempDir::new().unwrap();
    let (room, connector) = secure_room(&folder).await;
    let mut request = room.url("/ws");
    let url = request.uri().to_string().replace("ws://", "wss://");
    *request.uri_mut() = url.parse().unwrap();
    let connecting = connect_async_tls_with_config(request, None, true, Some(connector));
    let (mut client, _) = connecting.await.unwrap();
    say(&mut client, "secretly").await;
    assert_eq!(next(&mut client).await, Message::text("secretly"));
    let event = room.event("MESSAGE").await;
    assert_eq!(event["headers"]["X-Forwarded-Proto"], "https");
    room.gateways.delete(GATEWAY);
    assert_eq!(closed(&mut client).await.0, 1001);
}

#[tokio::test]
async fn a_plain_client_is_told_to_use_tls() {
    let folder = TempDir::new().unwrap();
    let (room, _) = secure_room(&folder).await;
    let mut stream = TcpStream::connect(room.address).await.unwrap();
    let request = "GET /ws HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("wss://"), "{answer}");
    assert_eq!(room.events().await, Vec::<serde_json::Value>::new());
}
