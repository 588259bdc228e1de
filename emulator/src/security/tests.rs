use std::net::SocketAddr;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{AcceptError, Security, SecurityError};
use crate::store::Store;

struct Door {
    listener: TcpListener,
    address: SocketAddr,
    security: Security,
    _folder: TempDir,
}

impl Door {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let folder = TempDir::new().unwrap();
        let security =
            Security::tls(&folder.path().join("ca.pem"), &[address], &Store::default()).unwrap();
        Self {
            listener,
            address,
            security,
            _folder: folder,
        }
    }

    async fn accept(&self) -> Result<super::Stream, AcceptError> {
        let (stream, _) = self.listener.accept().await.unwrap();
        self.security.accept(stream).await
    }
}

/// What a client gets that sends these bytes without TLS.
async fn answer_to(bytes: &[u8]) -> (String, AcceptError) {
    let door = Door::open().await;
    let client = async {
        let mut stream = TcpStream::connect(door.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (answer, accepted) = tokio::join!(client, door.accept());
    (answer, accepted.err().unwrap())
}

#[tokio::test]
async fn plain_http_is_answered_with_what_to_do() {
    // Longer than one read, so that the answer must outlive what is unread.
    let request = format!("POST / HTTP/1.1\r\nhost: a\r\n\r\n{}", "a".repeat(200_000));
    let (answer, error) = answer_to(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("https://"), "{answer}");
    assert!(answer.contains("ca.pem"), "{answer}");
    assert!(matches!(error, AcceptError::Plain(_)), "{error}");
}

#[tokio::test]
async fn a_client_that_goes_away_is_no_plain_one() {
    let (answer, error) = answer_to(b"").await;
    assert_eq!(answer, "");
    assert!(matches!(error, AcceptError::Handshake { .. }), "{error}");
}

#[tokio::test]
async fn plain_connections_are_taken_as_they_are() {
    let mut door = Door::open().await;
    door.security = Security::Plain;
    let (client, accepted) = tokio::join!(TcpStream::connect(door.address), door.accept());
    client.unwrap().write_all(b"any").await.unwrap();
    let mut bytes = [0; 3];
    accepted.unwrap().read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"any");
}

#[test]
fn a_file_that_cant_be_written_is_told_with_its_switch() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("nowhere/ca.pem");
    let error = Security::tls(&path, &[], &Store::default()).unwrap_err();
    assert!(matches!(error, SecurityError::Write { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("nowhere/ca.pem"), "{text}");
    assert!(text.contains("--tls"), "{text}");
}
