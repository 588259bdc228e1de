use futures::StreamExt;
use http::HeaderValue;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::{Client, FUNCTION, GATEWAY, Room, chat_spec, closed, next, say};
use crate::gateway::{GatewaySettings, Gateways, Spec};
use yandex_cloud_rest::model::version::LATEST;

#[tokio::test]
async fn connect_decides_and_its_body_comes_first() {
    let room = Room::new().await;
    let refused = room.refused("/ws?refuse=409").await;
    assert_eq!(refused.status(), 409);
    assert_eq!(refused.headers()["x-why"], "full");
    assert_eq!(refused.body().as_deref(), Some(b"no".as_slice()));
    assert_eq!(room.gateways.connections(), []);

    let (mut client, _) = room.connect("/ws?greet=welcome").await;
    assert_eq!(next(&mut client).await, Message::text("welcome"));
    assert_eq!(room.gateways.connections().len(), 1);
}

#[tokio::test]
async fn connect_passes_a_subprotocol_on() {
    let room = Room::new().await;
    let mut request = room.url("/ws?protocol=chat");
    request
        .headers_mut()
        .insert("sec-websocket-protocol", HeaderValue::from_static("chat"));
    let (_client, response) = connect_async(request).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
    let connect = room.event("CONNECT").await;
    assert_eq!(connect["headers"]["Sec-Websocket-Protocol"], "chat");
}

#[tokio::test]
async fn without_connect_every_socket_is_let_in_and_without_disconnect_nobody_is_told() {
    let room = Room::new().await;
    let mut text: Value = serde_json::from_str(&chat_spec("/ws", &room.stage.account)).unwrap();
    let item = text["paths"]["/ws"].as_object_mut().unwrap();
    item.retain(|name, _| name.ends_with("message"));
    let spec = Spec::parse(&text.to_string()).unwrap();
    room.gateways.update(GATEWAY, spec).unwrap();
    let (mut client, _) = room.connect("/ws?refuse=409").await;
    say(&mut client, "first").await;
    assert_eq!(next(&mut client).await, Message::text("first"));
    client.close(None).await.unwrap();
    closed_without_code(&mut client).await;
    let (mut client, _) = room.connect("/ws").await;
    say(&mut client, "second").await;
    assert_eq!(next(&mut client).await, Message::text("second"));
    let kinds: Vec<Value> = room
        .events()
        .await
        .into_iter()
        .map(|event| event["requestContext"]["eventType"].clone())
        .collect();
    assert_eq!(kinds, ["MESSAGE", "MESSAGE"]);
}

/// The answer to a close frame without a code has none either.
async fn closed_without_code(client: &mut Client) {
    loop {
        match client.next().await {
            Some(Ok(Message::Close(frame))) => return assert_eq!(frame, None),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return,
        }
    }
}

#[tokio::test]
async fn a_close_without_a_code_is_told_as_1005() {
    let room = Room::new().await;
    let (mut client, _) = room.connect("/ws").await;
    client.close(None).await.unwrap();
    closed_without_code(&mut client).await;
    let disconnect = room.event("DISCONNECT").await;
    assert_eq!(disconnect["requestContext"]["disconnectStatusCode"], 1005);
    assert_eq!(disconnect["requestContext"].get("disconnectReason"), None);
}

#[tokio::test]
async fn the_body_of_connect_can_be_switched_off() {
    let settings = GatewaySettings {
        connect_body_is_delivered: false,
        ..GatewaySettings::default()
    };
    let room = Room::with_settings(settings).await;
    let (mut client, _) = room.connect("/ws?greet=welcome").await;
    say(&mut client, "first").await;
    assert_eq!(next(&mut client).await, Message::text("first"));
}

#[tokio::test]
async fn replies_are_text_only_when_they_say_so() {
    let room = Room::new().await;
    let (mut client, _) = room.connect("/ws").await;
    for text in ["silence", "bytes", "throw", "last"] {
        say(&mut client, text).await;
    }
    assert_eq!(
        next(&mut client).await,
        Message::binary(b"raw".to_vec()),
        "silence sends nothing"
    );
    let failure = next(&mut client).await.into_text().unwrap();
    assert!(failure.contains("on purpose"), "{failure}");
    assert_eq!(
        next(&mut client).await,
        Message::text("last"),
        "the socket stays open"
    );
}

#[tokio::test]
async fn a_call_needs_the_invoker_role_of_the_integrations_account() {
    let room = Room::new().await;
    let account = room
        .stage
        .iam
        .add_account(crate::functions::testing::FOLDER, "nobody", &[])
        .unwrap();
    room.gateways
        .update(GATEWAY, Spec::parse(&chat_spec("/ws", &account)).unwrap())
        .unwrap();
    assert_eq!(room.refused("/ws").await.status(), 403);
}

#[tokio::test]
async fn a_cut_socket_is_told_to_the_function() {
    let room = Room::new().await;
    let (client, _) = room.connect("/ws").await;
    drop(client);
    let disconnect = room.event("DISCONNECT").await;
    assert_eq!(disconnect["requestContext"]["disconnectStatusCode"], 1006);
    assert_eq!(disconnect["requestContext"].get("disconnectReason"), None);
}

#[tokio::test]
async fn an_update_reaches_open_sockets_and_a_lost_path_closes_them() {
    let room = Room::new().await;
    let (mut client, _) = room.connect("/ws").await;
    let update = |spec: String| {
        room.gateways
            .update(GATEWAY, Spec::parse(&spec).unwrap())
            .unwrap();
    };
    update(chat_spec("/ws", &room.stage.account).replace(r#""message""#, r#""renamed""#));
    say(&mut client, "hello").await;
    next(&mut client).await;
    assert_eq!(room.event("MESSAGE").await["operationId"], "renamed");
    update(chat_spec("/other", &room.stage.account));
    assert_eq!(closed(&mut client).await, (1001, String::new()));
    room.event("DISCONNECT").await;
}

#[tokio::test]
async fn a_deleted_gateway_closes_its_sockets_and_its_listener() {
    let room = Room::new().await;
    let (mut client, _) = room.connect("/ws").await;
    room.gateways.delete(GATEWAY);
    assert_eq!(closed(&mut client).await, (1001, String::new()));
    room.event("DISCONNECT").await;
    assert!(connect_async(room.url("/ws")).await.is_err());
    assert!(Gateways::check("{}").is_err());
}

#[tokio::test]
async fn a_client_that_goes_away_during_connect_is_told_to_the_function() {
    let room = Room::new().await;
    let mut client = TcpStream::connect(room.address).await.unwrap();
    let handshake = "GET /ws?hold=1 HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    client.write_all(handshake.as_bytes()).await.unwrap();
    room.event("CONNECT").await;
    drop(client);
    room.stage
        .functions
        .invoke(FUNCTION, LATEST, json!("release"))
        .await
        .unwrap();
    let disconnect = room.event("DISCONNECT").await;
    assert_eq!(disconnect["requestContext"]["disconnectStatusCode"], 1006);
    assert_eq!(room.gateways.connections(), []);
}

#[tokio::test]
async fn a_stopped_gateway_refuses_all_until_it_is_resumed() {
    let room = Room::new().await;
    let (mut client, _) = room.connect("/ws").await;
    room.gateways.pause(GATEWAY).unwrap();
    assert_eq!(closed(&mut client).await, (1001, String::new()));
    room.event("DISCONNECT").await;
    let refused = room.refused("/ws").await;
    assert_eq!(refused.status(), 403);
    let words: &[u8] = b"API Gateway d5d1 is stopped and cannot be used";
    assert_eq!(refused.body().as_deref(), Some(words));
    room.gateways.resume(GATEWAY).unwrap();
    let (mut client, _) = room.connect("/ws").await;
    say(&mut client, "again").await;
    assert_eq!(next(&mut client).await, Message::text("again"));
}

#[tokio::test]
async fn a_socket_that_opens_while_its_gateway_is_stopped_closes() {
    let room = Room::new().await;
    let mut opening = Box::pin(room.connect("/ws?hold=1"));
    tokio::select! {
        _ = &mut opening => panic!("it is held"),
        _ = room.event("CONNECT") => {}
    }
    room.gateways.pause(GATEWAY).unwrap();
    let released = room
        .stage
        .functions
        .invoke(FUNCTION, LATEST, json!("release"));
    released.await.unwrap();
    let (mut client, _) = opening.await;
    assert_eq!(closed(&mut client).await, (1001, String::new()));
}
