use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{FUNCTION, GATEWAY, Room};
use crate::gateway::Spec;

/// Head and body of the answer on a connection of its own.
async fn answer(room: &Room, head: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(room.address).await.unwrap();
    let length = body.len();
    let text = format!(
        "{head}\r\nhost: test\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// Status and body of the answer.
async fn request(room: &Room, head: &str, body: &str) -> (u16, String) {
    let (head, body) = answer(room, head, body).await;
    (head[9..12].parse().unwrap(), body)
}

fn spec(account: &str) -> Spec {
    let parameter = |name: &str, place: &str| json!({ "name": name, "in": place });
    let text = json!({ "openapi": "3.0.0", "paths": {
        "/hello/{name}": {
            "parameters": [parameter("name", "path")],
            "get": {
                "parameters": [parameter("x-mood", "header"), parameter("at", "query"), parameter("a", "cookie")],
                "x-yc-apigateway-integration": {
                    "type": "dummy", "http_code": 203, "http_headers": { "X-Name": "{name}" },
                    "content": {
                        "text/plain": "hello {name}, {x-mood} at {at}, {a}, {other}",
                        "text/html": "<p>",
                        "application/json": "{}",
                    },
                },
            },
        },
        "/any": { "get": { "x-yc-apigateway-integration": {
            "type": "dummy", "http_code": 200, "content": { "*": "{name}", "text/html": "<p>" },
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
    for (path, accept, body) in [
        ("/hello/ann", "application/json", "{}"),
        ("/hello/ann", "application/json;q=1", "{}"),
        ("/hello/ann", "text/html;q=0.5, application/json", "{}"),
        (
            "/hello/ann",
            "application/json;q=0.1, text/html;q=0.5",
            "<p>",
        ),
        ("/hello/ann", "image/png, Text/*", "<p>"),
        ("/hello/ann", "*/*;q=0.1, text/html", "<p>"),
        ("/any", "text/html", "<p>"),
        ("/any", "image/png", "{name}"),
        ("/any", "text/html;q=0, image/png", "{name}"),
    ] {
        let get = format!("GET {path} HTTP/1.1\r\naccept: {accept}");
        assert_eq!(request(&room, &get, "").await.1, body, "{path}, {accept}");
    }
    let get = "GET /hello/ann HTTP/1.1\r\naccept: image/png";
    assert_eq!(request(&room, get, "").await.0, 415);
    assert_eq!(request(&room, "POST /hello/ann HTTP/1.1", "").await.0, 405);
    assert_eq!(request(&room, "GET /nothing HTTP/1.1", "").await.0, 404);
}

#[tokio::test]
async fn fixed_answers_repeat_the_parameters_that_are_declared() {
    let room = Room::new().await;
    room.gateways
        .update(GATEWAY, spec(&room.stage.account))
        .unwrap();
    let get = "GET /hello/ann?at=4%20pm&other=1 HTTP/1.1\r\naccept: text/plain\r\nx-mood: glad\r\ncookie: b=1; a=2";
    let (head, body) = answer(&room, get, "").await;
    assert_eq!(body, "hello ann, glad at 4 pm, 2, {other}");
    assert!(head.contains("\r\nx-name: ann"), "{head}");
    assert!(head.contains("\r\ncontent-type: text/plain"), "{head}");
    assert!(head.starts_with("HTTP/1.1 203 "), "{head}");
}

#[tokio::test]
async fn preflight_requests_are_answered_and_others_go_on() {
    let room = Room::new().await;
    let integration = json!({ "type": "dummy", "http_code": 202 });
    let text = json!({ "openapi": "3.0.0",
        "x-yc-apigateway": { "cors": {
            "origin": true, "methods": "GET,PUT", "allowedHeaders": "x-mood", "exposedHeaders": "x-name",
            "credentials": true, "maxAge": 60, "optionsSuccessStatus": 204,
        } },
        "paths": {
            "/a": { "x-yc-apigateway-any-method": { "x-yc-apigateway-integration": integration } },
            "/off": {
                "x-yc-apigateway-cors": { "origin": false },
                "x-yc-apigateway-any-method": { "x-yc-apigateway-integration": integration },
            },
        },
    });
    let spec = Spec::parse(&text.to_string()).unwrap();
    room.gateways.update(GATEWAY, spec).unwrap();
    let preflight = |path: &str| {
        format!(
            "OPTIONS {path} HTTP/1.1\r\norigin: https://chat\r\naccess-control-request-method: PUT"
        )
    };
    let (head, _) = answer(&room, &preflight("/a"), "").await;
    assert!(head.starts_with("HTTP/1.1 204 "), "{head}");
    for line in [
        "access-control-allow-origin: https://chat",
        "access-control-allow-methods: GET,PUT",
        "access-control-allow-headers: x-mood",
        "access-control-expose-headers: x-name",
        "access-control-allow-credentials: true",
        "access-control-max-age: 60",
    ] {
        assert!(head.contains(line), "{line} isn't in {head}");
    }
    for request in [
        preflight("/off"),
        "OPTIONS /a HTTP/1.1".to_owned(),
        "GET /a HTTP/1.1\r\norigin: https://chat".to_owned(),
    ] {
        let (head, _) = answer(&room, &request, "").await;
        assert!(head.starts_with("HTTP/1.1 202 "), "{head}");
        assert!(!head.contains("access-control"), "{head}");
    }
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
