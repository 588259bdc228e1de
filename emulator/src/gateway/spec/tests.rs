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

#[track_caller]
fn refused(text: &str, place: &str, name: &str) {
    match Spec::parse(text) {
        Err(error @ SpecError::Unsupported { .. }) => {
            let words = format!("{place}: {name} is not supported by this emulator");
            assert_eq!(error.to_string(), words);
        }
        other => panic!("{name}: {other:?}"),
    }
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
    let of_operation = |extra: &Value| {
        let mut operation =
            json!({ "x-yc-apigateway-integration": { "type": "dummy", "http_code": 200 } });
        for (name, value) in extra.as_object().unwrap() {
            operation[name] = value.clone();
        }
        document("/a", &json!({ "get": operation }))
    };
    for name in [
        "security",
        "x-yc-apigateway-validator",
        "x-yc-apigateway-rate-limit",
        "x-yc-apigateway-authorizer",
        "x-yc-status-mapping",
        "x-yc-schema-mapping",
        "servers",
    ] {
        refused(&of_operation(&json!({ name: {} })), "/a get", name);
    }
    for name in ["x-yc-apigateway-rate-limit", "trace", "servers"] {
        refused(&document("/a", &json!({ name: {} })), "/a", name);
    }
    for kind in [
        "http",
        "object_storage",
        "cloud_datasphere",
        "cloud_datastreams",
        "serverless_containers",
        "cloud_ymq",
        "cloud_ydb",
    ] {
        let integration = json!({ "x-yc-apigateway-integration": { "type": kind } });
        let words = format!("the integration {kind}");
        refused(&of_operation(&integration), "/a get", &words);
    }
    let whole = message(&json!({})).to_string();
    for (field, value, words) in [
        ("context", json!({}), "context"),
        (
            "function_id",
            json!("{id}"),
            "a parameter in a cloud_functions field",
        ),
        (
            "tag",
            json!("{tag}"),
            "a parameter in a cloud_functions field",
        ),
    ] {
        let item = message(&json!({ field: value }));
        assert_ne!(item.to_string(), whole);
        let place = "/ws x-yc-apigateway-websocket-message";
        refused(&document("/ws", &item), place, words);
    }
}

#[test]
fn settings_and_shared_parts_that_are_not_supported_are_refused_by_name() {
    let with = |name: &str, value: &Value| {
        let mut document = json!({ "openapi": "3.0.0", "paths": {} });
        document[name] = value.clone();
        document.to_string()
    };
    for name in ["validator", "rateLimit", "variables", "smartWebSecurity"] {
        let text = with("x-yc-apigateway", &json!({ name: {} }));
        refused(&text, "x-yc-apigateway", name);
    }
    let slashes = with(
        "x-yc-apigateway",
        &json!({ "ignoreTrailingSlashes": false }),
    );
    refused(&slashes, "x-yc-apigateway", "ignoreTrailingSlashes: false");
    for name in [
        "securitySchemes",
        "x-yc-apigateway-integrations",
        "x-yc-apigateway-rate-limits",
        "x-yc-apigateway-validators",
    ] {
        refused(
            &with("components", &json!({ name: {} })),
            "components",
            name,
        );
    }
    let place = "the specification";
    refused(&with("security", &json!([])), place, "security");
    refused(&with("x-yc-other", &json!({})), place, "x-yc-other");
    let variable = with("info", &json!({ "title": "${var.title}" }));
    refused(&variable, place, "a variable (${var.…})");
}

#[test]
fn a_cors_rule_is_the_paths_own_or_the_gateways() {
    let paths = json!({
        "/own": { "x-yc-apigateway-cors": { "origin": ["https://a", "https://b"], "methods": ["GET", "POST"] } },
        "/shared": { "x-yc-apigateway-cors": { "$ref": "#/components/x-yc-apigateway-cors-rules/one" } },
        "/off": { "x-yc-apigateway-cors": { "origin": false } },
        "/inherited": {},
    });
    let text = json!({
        "openapi": "3.0.0", "paths": paths,
        "x-yc-apigateway": { "cors": { "origin": "*", "methods": "*" } },
        "components": { "x-yc-apigateway-cors-rules": { "one": { "origin": true, "methods": "PUT" } } },
    });
    let spec = Spec::parse(&text.to_string()).unwrap();
    let rule = |path: &str| {
        let (item, _) = spec.find(path).unwrap();
        let rule = item.cors.as_ref()?;
        let methods = rule.methods.to_str().unwrap().to_owned();
        Some((
            rule.origin
                .clone()
                .map(|it| it.to_str().unwrap().to_owned()),
            methods,
        ))
    };
    let found = |origin: &str, methods: &str| Some((Some(origin.to_owned()), methods.to_owned()));
    assert_eq!(rule("/own"), found("https://a,https://b", "GET,POST"));
    assert_eq!(rule("/shared"), Some((None, "PUT".to_owned())));
    assert_eq!(rule("/off"), None);
    assert_eq!(rule("/inherited"), found("*", "*"));
}

#[test]
fn a_cors_rule_that_can_not_be_followed_is_refused() {
    let of = |rule: &Value| document("/a", &json!({ "x-yc-apigateway-cors": rule }));
    let place = "/a x-yc-apigateway-cors";
    refused(
        &of(&json!({ "origin": "*" })),
        place,
        "a CORS rule without methods",
    );
    refused(
        &of(&json!({ "origin": "*", "method": "*" })),
        place,
        "method",
    );
    for (rule, words) in [
        (json!({ "methods": "*" }), "origin is missing"),
        (
            json!({ "origin": "*", "methods": 1 }),
            "methods must be a string or a list of strings",
        ),
        (
            json!({ "origin": "*", "methods": "*", "maxAge": "1" }),
            "maxAge has a wrong value",
        ),
        (
            json!({ "$ref": "#/components/x-yc-apigateway-cors-rules/none" }),
            "it must be a CORS rule",
        ),
        (
            json!({ "$ref": "#/elsewhere" }),
            "$ref must start with #/components/",
        ),
    ] {
        let error = Spec::parse(&of(&rule)).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(words), "{error}");
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
