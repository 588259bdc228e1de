use futures::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{GATEWAY, Room, connection_id, next, say};

/// CONNECT, a text, a binary message and DISCONNECT of one socket, and its id.
async fn life_of_a_socket(room: &Room) -> ([Value; 4], String) {
    let (mut client, headers) = room.connect("/ws?user_id=ann&tag=a&tag=b").await;
    say(&mut client, "hello").await;
    assert_eq!(next(&mut client).await, Message::text("hello"));
    client
        .send(Message::binary(b"bytes".to_vec()))
        .await
        .unwrap();
    next(&mut client).await;
    let frame = CloseFrame {
        code: CloseCode::Library(4001),
        reason: "bye".into(),
    };
    client.close(Some(frame)).await.unwrap();
    room.event("DISCONNECT").await;
    let id = connection_id(&headers);
    (room.events().await.try_into().unwrap(), id.to_owned())
}

#[tokio::test]
async fn events_have_the_keys_of_the_official_samples() {
    let room = Room::new().await;
    let ([connect, message, _, disconnect], _) = life_of_a_socket(&room).await;
    let common = [
        "headers",
        "multiValueHeaders",
        "multiValueParameters",
        "operationId",
        "parameters",
        "path",
        "pathParameters",
        "requestContext",
        "resource",
    ];
    let keys =
        |event: &Value| -> Vec<String> { event.as_object().unwrap().keys().cloned().collect() };
    let with = |more: &[&'static str]| {
        let mut all: Vec<&str> = common.iter().chain(more).copied().collect();
        all.sort_unstable();
        all
    };
    let query = [
        "httpMethod",
        "queryStringParameters",
        "multiValueQueryStringParameters",
    ];
    assert_eq!(keys(&connect), with(&query));
    assert_eq!(keys(&message), with(&["body", "isBase64Encoded"]));
    assert_eq!(keys(&disconnect), with(&[]));
}

#[tokio::test]
async fn every_event_tells_of_the_handshake() {
    let room = Room::new().await;
    let ([connect, message, _, disconnect], id) = life_of_a_socket(&room).await;
    assert_eq!(id.len(), 33);
    let connected_at = connect["requestContext"]["connectedAt"].as_i64().unwrap();
    for (event, method) in [
        (&connect, "GET"),
        (&message, "POST"),
        (&disconnect, "DELETE"),
    ] {
        let context = &event["requestContext"];
        assert_eq!(context["httpMethod"], method);
        assert_eq!(context["connectionId"], id);
        assert_eq!(context["connectedAt"], connected_at);
        assert_eq!(context["identity"]["sourceIp"], "127.0.0.1");
        let headers = &event["headers"];
        assert_eq!(headers["Cookie"], "a=b");
        assert_eq!(headers["Host"], room.address.to_string());
        assert_eq!(headers["X-Serverless-Gateway-Id"], GATEWAY);
        let stated = headers["X-Yc-Apigateway-Websocket-Connected-At"].as_str();
        assert_eq!(stated, Some(connected_at.to_string().as_str()));
        assert_eq!(headers.get("Upgrade"), None);
        assert_eq!(headers.get("Sec-Websocket-Key"), None);
    }
    let queries = json!({ "user_id": ["ann"], "tag": ["a", "b"] });
    assert_eq!(connect["multiValueQueryStringParameters"], queries);
    assert_eq!(
        connect["parameters"],
        json!({ "user_id": "ann" }),
        "the specification doesn't describe tag"
    );
    assert_ne!(
        connect["requestContext"]["requestId"],
        message["requestContext"]["requestId"]
    );
}

#[tokio::test]
async fn messages_and_the_end_are_told_as_they_were() {
    let room = Room::new().await;
    let ([_, text, binary, disconnect], _) = life_of_a_socket(&room).await;
    assert_eq!(
        (&text["body"], &text["isBase64Encoded"]),
        (&json!("hello"), &json!(false))
    );
    assert_eq!(text["headers"]["Content-Type"], "application/json");
    assert_eq!(
        (&binary["body"], &binary["isBase64Encoded"]),
        (&json!("Ynl0ZXM="), &json!(true))
    );
    assert_eq!(
        binary["headers"]["Content-Type"],
        "application/octet-stream"
    );
    let ids = [text, binary].map(|event| event["requestContext"]["messageId"].to_string());
    assert!(ids[0] < ids[1], "{ids:?}");
    assert_eq!(disconnect["requestContext"]["disconnectStatusCode"], 4001);
    assert_eq!(disconnect["requestContext"]["disconnectReason"], "bye");
}
