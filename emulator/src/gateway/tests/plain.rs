use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{FUNCTION, GATEWAY, Room};
use crate::gateway::Spec;

/// Status and body of a request on a connection of its own.
async fn request(room: &Room, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(room.address).await.unwrap();
    let length = body.len();
    let text = format!(
        "{head}\r\nhost: test\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

fn spec(account: &str) -> Spec {
    let text = json!({ "openapi": "3.0.0", "paths": {
        "/hello/{name}": { "get": { "x-yc-apigateway-integration": {
            "type": "dummy", "http_code": 203,
            "content": { "text/plain": "hello {name}", "application/json": "{}" },
        } } },
        "/rooms/{room}": { "post": { "operationId": "enter", "x-yc-apigateway-integration": {
            "type": "cloud_functions", "function_id": FUNCTION,
            "service_account_id": account, "payload_format_version": "1.0",
        } } },
    } });
    Spec::parse(&text.to_string()).unwrap()
}

#[tokio::test]
async fn fixed_answers_go_by_what_is_accepted() {
    let room = Room::new().await;
    room.gateways
        .update(GATEWAY, spec(&room.stage.account))
        .unwrap();
    let get = |accept: &str| format!("GET /hello/ann HTTP/1.1\r\naccept: {accept}");
    assert_eq!(
        request(&room, &get("text/plain"), "").await,
        (203, "hello ann".to_owned())
    );
    assert_eq!(
        request(&room, &get("application/json;q=1"), "").await,
        (203, "{}".to_owned())
    );
    assert_eq!(request(&room, &get("image/png"), "").await.0, 415);
    assert_eq!(request(&room, "POST /hello/ann HTTP/1.1", "").await.0, 405);
    assert_eq!(request(&room, "GET /nothing HTTP/1.1", "").await.0, 404);
}

#[tokio::test]
async fn functions_answer_plain_requests() {
    let room = Room::new().await;
    room.gateways
        .update(GATEWAY, spec(&room.stage.account))
        .unwrap();
    let head = "POST /rooms/blue?seat=4 HTTP/1.1\r\ncontent-type: application/json";
    assert_eq!(
        request(&room, head, r#"{"a":1}"#).await,
        (200, r#"{"a":1}"#.to_owned())
    );
    let events = room.events().await;
    let event = &events[0];
    assert_eq!(
        (&event["version"], &event["operationId"]),
        (&json!("1.0"), &json!("enter"))
    );
    assert_eq!(
        (&event["resource"], &event["path"]),
        (&json!("/rooms/{room}"), &json!("/rooms/blue"))
    );
    assert_eq!(event["pathParameters"], json!({ "room": "blue" }));
    assert_eq!(event["parameters"], json!({ "room": "blue", "seat": "4" }));
    let (status, body) = request(&room, head, "throw").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["errorMessage"]), (502, &json!("on purpose")));
}

#[tokio::test]
async fn a_socket_path_tells_browsers_what_it_is_for() {
    let room = Room::new().await;
    assert_eq!(request(&room, "GET /ws HTTP/1.1", "").await.0, 426);
    let old = "GET /ws HTTP/1.1\r\nupgrade: websocket\r\nsec-websocket-version: 8\r\nsec-websocket-key: x";
    assert_eq!(request(&room, old, "").await.0, 400);
}
