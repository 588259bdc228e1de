use serde_json::{Value, json};

use super::{Integration, PayloadFormat, Spec, SpecError};

fn document(path: &str, item: &Value) -> String {
    json!({ "openapi": "3.0.0", "info": { "title": "t", "version": "1" }, "paths": { path: item } })
        .to_string()
}

fn message(extra: &Value) -> Value {
    let mut integration = json!({
        "type": "cloud_functions", "function_id": "f", "payload_format_version": "1.0"
    });
    for (name, value) in extra.as_object().unwrap() {
        integration[name] = value.clone();
    }
    json!({ "x-yc-apigateway-websocket-message": { "x-yc-apigateway-integration": integration } })
}

#[test]
fn a_chat_path_is_understood_as_json_and_as_yaml() {
    let text = document(
        "/ws",
        &message(&json!({ "tag": "live", "service_account_id": "a" })),
    );
    let spec = Spec::parse(&text).unwrap();
    let yaml = "
openapi: 3.0.0
info: {title: t, version: '1'}
x-yc-apigateway: {service_account_id: a}
paths:
  /ws:
    x-yc-apigateway-websocket-message:
      x-yc-apigateway-integration:
        type: cloud_functions
        function_id: f
        tag: live
        payload_format_version: 1.0
";
    assert_eq!(Spec::parse(yaml), Ok(spec.clone()));
    let call = &spec.web_socket("/ws").unwrap().message.call;
    assert_eq!(
        (call.function_id.as_str(), call.tag.as_str()),
        ("f", "live")
    );
    assert_eq!(call.service_account_id.as_deref(), Some("a"));
    assert!(spec.find("/other").is_none());
}

#[test]
fn the_most_particular_path_counts() {
    let dummy = |code: u16| json!({ "get": { "x-yc-apigateway-integration": { "type": "dummy", "http_code": code } } });
    let paths = json!({ "/{rest+}": dummy(201), "/a/{x}": dummy(202), "/a/b": dummy(203) });
    let text = json!({ "openapi": "3.0.0", "paths": paths }).to_string();
    let spec = Spec::parse(&text).unwrap();
    let status = |path: &str| {
        let (item, _) = spec.find(path).unwrap();
        match &item.operation(&http::Method::GET).unwrap().integration {
            Integration::Dummy(dummy) => dummy.status.as_u16(),
            Integration::Function(_) => 0,
        }
    };
    assert_eq!(
        (status("/c/d"), status("/a/c"), status("/a/b")),
        (201, 202, 203)
    );
}

#[test]
fn the_payload_format_is_0_1_unless_another_is_stated() {
    let format = |stated: Value| {
        let mut item = message(&json!({ "payload_format_version": stated }));
        if stated.is_null() {
            let operation = &mut item["x-yc-apigateway-websocket-message"];
            let integration = operation["x-yc-apigateway-integration"].as_object_mut();
            integration.unwrap().remove("payload_format_version");
        }
        let spec = Spec::parse(&document("/ws", &item)).unwrap();
        spec.web_socket("/ws").unwrap().message.call.format
    };
    assert_eq!(format(Value::Null), PayloadFormat::V0);
    assert_eq!(format(json!("0.1")), PayloadFormat::V0);
    assert_eq!(format(json!(0.1)), PayloadFormat::V0);
    assert_eq!(format(json!("1.0")), PayloadFormat::V1);
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let cases = [
        (message(&json!({ "context": {} })), "context"),
        (
            message(&json!({ "type": "object_storage" })),
            "object_storage",
        ),
        (
            json!({ "x-yc-apigateway-cors": {} }),
            "x-yc-apigateway-cors",
        ),
        (json!({ "trace": {} }), "trace"),
        (json!({ "get": { "security": [] } }), "security"),
    ];
    for (item, name) in cases {
        match Spec::parse(&document("/ws", &item)) {
            Err(SpecError::Unsupported { what, .. }) => assert!(what.contains(name), "{what}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn what_is_wrong_is_said() {
    let mut no_message = message(&json!({}));
    let operation = no_message["x-yc-apigateway-websocket-message"].take();
    let connect_only = json!({ "x-yc-apigateway-websocket-connect": operation });
    let cases = [
        (
            document("/ws", &connect_only),
            "x-yc-apigateway-websocket-message is missing",
        ),
        (document("ws", &message(&json!({}))), "a path starts with /"),
        (
            document("/ws", &message(&json!({ "payload_format_version": "2.0" }))),
            "payload_format_version must be \"0.1\" or \"1.0\"",
        ),
        (
            document("/ws", &message(&json!({ "tag": 1 }))),
            "tag must be a string",
        ),
        (
            document("/ws", &json!({ "get": {} })),
            "x-yc-apigateway-integration is missing",
        ),
        ("{}".to_owned(), "openapi: it must be 3.0.x"),
        ("\t{".to_owned(), "neither JSON nor YAML"),
    ];
    for (text, words) in cases {
        let error = Spec::parse(&text).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
