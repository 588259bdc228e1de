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
        "/rooms/{room}": {
            "post": {
                "operationId": "enter",
                "parameters": [{ "name": "seat", "in": "query" }],
                "x-yc-apigateway-integration": {
                    "type": "cloud_functions", "function_id": FUNCTION,
                    "service_account_id": account, "payload_format_version": "1.0",
                },
            },
            "put": {
                "parameters": [{ "name": "seat", "in": "query" }],
                "x-yc-apigateway-integration": {
                    "type": "cloud_functions", "function_id": FUNCTION,
                    "service_account_id": account,
                },
            },
        },
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

/// The keys are those of the documentation and of recorded events.
#[tokio::test]
async fn events_of_format_0_1_have_the_documented_keys() {
    let room = Room::new().await;
    room.gateways
        .update(GATEWAY, spec(&room.stage.account))
        .unwrap();
    for target in ["/rooms/blue?seat=4&seat=5&other=1", "/rooms/blue"] {
        let head = format!("PUT {target} HTTP/1.1\r\nx-forwarded-for: 10.0.0.1");
        assert_eq!(request(&room, &head, "").await.0, 200);
    }
    let events = room.events().await;
    let [event, bare] = <[Value; 2]>::try_from(events).unwrap();
    let keys: Vec<&str> = event
        .as_object()
        .unwrap()
        .keys()
        .map(|key| &**key)
        .collect();
    let documented = [
        "body",
        "headers",
        "httpMethod",
        "isBase64Encoded",
        "multiValueHeaders",
        "multiValueParams",
        "multiValueQueryStringParameters",
        "params",
        "path",
        "pathParams",
        "queryStringParameters",
        "requestContext",
        "url",
    ];
    assert_eq!(keys, documented);
    assert_eq!(event["path"], "/rooms/{room}");
    assert_eq!(event["url"], "/rooms/blue?seat=4&seat=5&other=1");
    assert_eq!(bare["url"], "/rooms/blue?", "as recorded");
    assert_eq!(event["pathParams"], json!({ "room": "blue" }));
    assert_eq!(event["params"], json!({ "room": "blue", "seat": "5" }));
    assert_eq!(
        event["multiValueParams"],
        json!({ "room": ["blue"], "seat": ["4", "5"] }),
        "other isn't described"
    );
    assert_eq!(
        event["queryStringParameters"],
        json!({ "seat": "5", "other": "1" })
    );
    assert_eq!(
        (&event["body"], &event["isBase64Encoded"]),
        (&json!(""), &json!(true))
    );
    let id = &event["requestContext"]["requestId"];
    assert_eq!(event["multiValueHeaders"]["X-Request-Id"], json!([id]));
    assert_eq!(event["headers"]["X-Forwarded-For"], "10.0.0.1, 127.0.0.1");
}

#[tokio::test]
async fn a_socket_path_tells_browsers_what_it_is_for() {
    let room = Room::new().await;
    assert_eq!(request(&room, "GET /ws HTTP/1.1", "").await.0, 426);
    let old = "GET /ws HTTP/1.1\r\nupgrade: websocket\r\nsec-websocket-version: 8\r\nsec-websocket-key: x";
    assert_eq!(request(&room, old, "").await.0, 400);
}
