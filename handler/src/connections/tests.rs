//! Against a small HTTP server of the test's own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use serde_json::Value;

use super::*;
use crate::decisions;

/// Answers each request with the next status and notes what was asked.
async fn server(statuses: &'static [u16]) -> (Url, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&asked);
    tokio::spawn(async move {
        for status in statuses {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !is_complete(&request) {
                socket.read_buf(&mut request).await.unwrap();
            }
            notes
                .lock()
                .unwrap()
                .push(String::from_utf8(request).unwrap());
            let reply = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
            );
            socket.write_all(reply.as_bytes()).await.unwrap();
        }
    });
    (Url::parse(&url).unwrap(), asked)
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    body.len() >= length
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

async fn send(statuses: &'static [u16]) -> (Result<(), ConnectionError>, Vec<String>) {
    let (endpoint, asked) = server(statuses).await;
    let token = Token {
        text: "t1".into(),
        lifetime: None,
    };
    let api = ConnectionApi {
        https: &Https::default(),
        endpoint: &endpoint,
        token: &token,
    };
    let message = decisions::replaced("2026-01-01T00:00:00Z");
    let result = api.send("a/b?c", &message, soon()).await;
    let asked = asked.lock().unwrap().clone();
    (result, asked)
}

#[tokio::test]
async fn a_message_is_sent_as_the_api_wants_it() {
    let (result, asked) = send(&[200]).await;
    assert_eq!(result, Ok(()));
    let (head, body) = asked[0].split_once("\r\n\r\n").unwrap();
    let first = head.lines().next().unwrap();
    assert_eq!(
        first,
        "POST /apigateways/websocket/v1/connections/a%2Fb%3Fc:send HTTP/1.1"
    );
    assert!(head.contains("authorization: Bearer t1"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["type"], "TEXT");
    let data = STANDARD.decode(body["data"].as_str().unwrap()).unwrap();
    let data: Value = serde_json::from_slice(&data).unwrap();
    assert_eq!(data["code"], "REPLACED");
}

#[tokio::test]
async fn failures_are_told_apart_and_repeated_once() {
    assert_eq!(send(&[404]).await.0, Err(ConnectionError::NotFound));
    let (result, asked) = send(&[503, 200]).await;
    assert_eq!((result, asked.len()), (Ok(()), 2));
    let (result, asked) = send(&[503, 500]).await;
    assert_eq!(asked.len(), 2);
    assert!(result.unwrap_err().to_string().contains("500"));
}
