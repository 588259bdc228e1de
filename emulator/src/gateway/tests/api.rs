use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tower::ServiceExt;

use super::{GATEWAY, Room, closed, next};
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

#[tokio::test]
async fn a_writer_looks_sends_and_disconnects() {
    let room = Room::new().await;
    let writer = room
        .stage
        .iam
        .add_account(FOLDER, "writer", &["api-gateway.websocketWriter"])
        .unwrap();
    let account = Some(writer.as_str());
    let (mut client, headers) = room.connect("/ws").await;
    let id = headers["x-yc-apigateway-websocket-connection-id"]
        .to_str()
        .unwrap();
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
    let id = headers["x-yc-apigateway-websocket-connection-id"]
        .to_str()
        .unwrap();
    let (status, _) = call(&room, None, "GET", id, &Value::Null).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let invoker = room.stage.account.as_str();
    let (status, _) = call(&room, Some(invoker), "DELETE", id, &Value::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}
