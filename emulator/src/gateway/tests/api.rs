use std::time::Duration;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tower::ServiceExt;

use super::{GATEWAY, Room, closed, connection_id, next, say};
use crate::functions::testing::FOLDER;

const BASE: &str = "/apigateways/websocket/v1/connections";

async fn call(
    room: &Room,
    account: Option<&str>,
    method: &str,
    path: &str,
    body: &Value,
) -> (StatusCode, Value) {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{BASE}/{path}"));
    if let Some(account) = account {
        let token = room.stage.iam.issue_token(account).unwrap().token;
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Body::from(body.to_string())).unwrap();
    let response = room
        .gateways
        .connections_router()
        .oneshot(request)
        .await
        .unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

/// A new account that may use the API.
fn writer(room: &Room) -> String {
    let roles = ["api-gateway.websocketWriter"];
    let added = room.stage.iam.add_account(FOLDER, "writer", &roles);
    added.unwrap()
}

#[tokio::test]
async fn a_writer_looks_sends_and_disconnects() {
    let room = Room::new().await;
    let writer = writer(&room);
    let account = Some(writer.as_str());
    let (mut client, headers) = room.connect("/ws").await;
    let id = connection_id(&headers);
    let (status, shown) = call(&room, account, "GET", id, &Value::Null).await;
    assert_eq!(
        (status, &shown["id"], &shown["gatewayId"]),
        (StatusCode::OK, &json!(id), &json!(GATEWAY))
    );
    assert_eq!(shown["identity"]["sourceIp"], "127.0.0.1");

    let target = format!("{id}:send");
    let sent = call(
        &room,
        account,
        "POST",
        &target,
        &json!({ "data": "aGk=", "type": "TEXT" }),
    )
    .await;
    assert_eq!(sent, (StatusCode::OK, json!({})));
    assert_eq!(next(&mut client).await, Message::text("hi"));
    call(
        &room,
        account,
        "POST",
        &target,
        &json!({ "data": "/w==", "type": "BINARY" }),
    )
    .await;
    assert_eq!(next(&mut client).await, Message::binary(vec![0xff]));
    for bad in [
        json!({ "data": "/w==", "type": "TEXT" }),
        json!({ "data": "!", "type": "TEXT" }),
        json!({ "text": "" }),
    ] {
        let (status, _) = call(&room, account, "POST", &target, &bad).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{bad}");
    }

    let gone = call(&room, account, "DELETE", id, &Value::Null).await;
    assert_eq!(gone, (StatusCode::OK, json!({})));
    assert_eq!(closed(&mut client).await, (1000, String::new()));
    let disconnect = room.event("DISCONNECT").await;
    assert_eq!(disconnect["requestContext"]["disconnectStatusCode"], 1000);
    let (status, body) = call(
        &room,
        account,
        "POST",
        &target,
        &json!({ "data": "", "type": "TEXT" }),
    )
    .await;
    assert_eq!((status, &body["code"]), (StatusCode::NOT_FOUND, &json!(5)));
}

#[tokio::test]
async fn others_are_refused() {
    let room = Room::new().await;
    let (_client, headers) = room.connect("/ws").await;
    let id = connection_id(&headers);
    let (status, _) = call(&room, None, "GET", id, &Value::Null).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let invoker = room.stage.account.as_str();
    let (status, _) = call(&room, Some(invoker), "DELETE", id, &Value::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_send_may_have_128_kb_and_activity_is_what_the_client_sent() {
    let room = Room::new().await;
    let writer = writer(&room);
    let account = Some(writer.as_str());
    let (mut client, headers) = room.connect("/ws").await;
    let id = connection_id(&headers);
    let target = format!("{id}:send");
    let largest = "x".repeat(131_072);
    for (data, expected) in [
        (largest.clone(), StatusCode::OK),
        (largest.clone() + "x", StatusCode::BAD_REQUEST),
    ] {
        let body = json!({ "data": STANDARD.encode(data), "type": "TEXT" });
        let (status, answer) = call(&room, account, "POST", &target, &body).await;
        assert_eq!(status, expected, "{answer}");
    }
    assert_eq!(next(&mut client).await, Message::text(largest));

    let (_, shown) = call(&room, account, "GET", id, &Value::Null).await;
    assert_eq!(shown["lastActiveAt"], shown["connectedAt"]);
    room.stage.iam.clock().advance(Duration::from_mins(1));
    say(&mut client, "there").await;
    assert_eq!(next(&mut client).await, Message::text("there"));
    let (_, shown) = call(&room, account, "GET", id, &Value::Null).await;
    let at = |name: &str| shown[name].as_str().unwrap().parse::<Timestamp>().unwrap();
    let apart = at("lastActiveAt").duration_since(at("connectedAt"));
    assert!(apart >= SignedDuration::from_mins(1), "{apart}");
}
