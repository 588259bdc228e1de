//! The participant of the other tests, against a server that says what it is
//! told to.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use wschat_tests::chat_socket::{ChatSocket, ChatSocketError, End};

const LIMIT: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(50);

/// A connected pair: the server's end and the participant.
#[cfg(test)]
async fn pair() -> (WebSocketStream<TcpStream>, ChatSocket) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        tokio_tungstenite::accept_async(stream).await.unwrap()
    };
    let (server, participant) = tokio::join!(server, ChatSocket::join(&url, "Ann & Bob"));
    (server, participant.unwrap())
}

#[tokio::test]
async fn a_match_is_found_among_other_messages_and_inside_a_batch() {
    let (mut server, mut participant) = pair().await;
    let batch = json!({ "messages": [{ "type": "NEWS", "n": 1 }, { "type": "NEWS", "n": 2 }] });
    for message in [json!({ "type": "OTHER" }), batch] {
        server
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }
    let first = participant.expect_type("NEWS", LIMIT).await.unwrap();
    assert_eq!(first["n"], 1);
    assert_eq!(participant.pending(), [json!({ "type": "NEWS", "n": 2 })]);
    let second = participant.expect_type("NEWS", LIMIT).await.unwrap();
    assert_eq!(second["n"], 2);
}

#[tokio::test]
async fn what_came_instead_is_shown() {
    let (mut server, mut participant) = pair().await;
    let other = json!({ "type": "OTHER" }).to_string();
    server.send(Message::binary(other)).await.unwrap();
    participant.expect_type("OTHER", LIMIT).await.unwrap();
    server.send(Message::text("not JSON")).await.unwrap();
    let error = participant.expect_type("NEWS", SOON * 4).await.unwrap_err();
    let ChatSocketError::Missing { what, seen, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((what.as_str(), seen), ("NEWS", json!(["not JSON"])));
}

#[tokio::test]
async fn a_close_frame_and_a_broken_connection_are_told_apart() {
    let (mut server, mut participant) = pair().await;
    server.close(None).await.unwrap();
    assert_eq!(
        participant.expect_end(LIMIT).await.unwrap(),
        End::Closed(1005)
    );

    let (server, mut participant) = pair().await;
    drop(server);
    assert_eq!(participant.expect_end(LIMIT).await.unwrap(), End::Cut);
}

#[tokio::test]
async fn a_cut_sends_no_close_frame() {
    let (mut server, participant) = pair().await;
    participant.cut();
    let end = server.next().await;
    assert!(!matches!(end, Some(Ok(_))), "{end:?}");
}

#[tokio::test]
async fn a_refused_upgrade_shows_its_status_and_the_encoded_user() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        let answer = "HTTP/1.1 409 Conflict\r\nContent-Length: 5\r\n\r\nno, 2";
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(request).unwrap()
    };
    let (request, refused) = tokio::join!(server, ChatSocket::join(&url, "Ann & Bob"));
    assert!(
        request.starts_with("GET /ws?user_id=Ann+%26+Bob "),
        "{request}"
    );
    let Err(ChatSocketError::Refused { status, body, .. }) = refused else {
        panic!("not refused")
    };
    assert_eq!((status, body.as_str()), (409, "no, 2"));
}
