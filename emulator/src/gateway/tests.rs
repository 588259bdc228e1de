use serde_json::{Value, json};

use super::spec::{Spec, SpecError};

fn document(path: &Value) -> String {
    json!({"openapi": "3.0.0", "info": {"title": "t", "version": "1"}, "paths": {"/ws": path}})
        .to_string()
}

fn message(extra: &Value) -> Value {
    let mut integration = json!({
        "type": "cloud_functions", "function_id": "f", "payload_format_version": "1.0"
    });
    for (name, value) in extra.as_object().expect("an object") {
        integration[name] = value.clone();
    }
    json!({"x-yc-apigateway-websocket-message": {"x-yc-apigateway-integration": integration}})
}

#[test]
fn a_chat_path_is_understood_as_json_and_as_yaml() {
    let text = document(&message(&json!({"tag": "live", "service_account_id": "a"})));
    let spec = Spec::parse(&text).expect("JSON");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let yaml = serde_norway::to_string(&value).expect("YAML");
    assert_eq!(Spec::parse(&yaml), Ok(spec.clone()));
    assert!(spec.find("/ws").is_some_and(|item| item.message.is_some()));
    assert!(spec.find("/ws/").is_some(), "a trailing slash is ignored");
    assert!(spec.find("/other").is_none());
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let cases = [
        (message(&json!({"context": {}})), "context"),
        (
            message(&json!({"payload_format_version": "0.1"})),
            "payload_format_version",
        ),
        (
            message(&json!({"type": "object_storage"})),
            "object_storage",
        ),
        (json!({"x-yc-apigateway-cors": {}}), "x-yc-apigateway-cors"),
        (json!({"post": {}}), "post"),
    ];
    for (path, name) in cases {
        match Spec::parse(&document(&path)) {
            Err(SpecError::Unsupported { what, .. }) => assert!(what.contains(name), "{what}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    assert!(matches!(Spec::parse("{}"), Err(SpecError::Form { .. })));
    assert!(matches!(Spec::parse("\t{"), Err(SpecError::Text(_))));
}
