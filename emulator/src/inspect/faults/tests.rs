use http::HeaderMap;
use serde_json::{Value, json};

use super::{Content, Faults, Phase, Rule, glob};
use crate::inspect::Call;

fn rules(rules: &Value) -> Result<Faults, String> {
    let rules: Vec<Rule> =
        serde_json::from_value(rules.clone()).map_err(|error| error.to_string())?;
    let mut faults = Faults::default();
    faults.replace(rules).map_err(|error| error.to_string())?;
    Ok(faults)
}

fn rule(extra: &Value) -> Value {
    let mut rule = json!({ "method": "POST", "path": "/iam/*", "action": { "status": 503 } });
    for (name, value) in extra.as_object().unwrap() {
        rule[name] = value.clone();
    }
    rule
}

fn call<'a>(method: &'a str, path: &'a str) -> Call<'a> {
    Call {
        method,
        path,
        ..Call::default()
    }
}

fn fires(faults: &mut Faults, call: &Call<'_>) -> bool {
    faults.fire(Phase::Before, call).is_some()
}

#[test]
fn a_star_stands_for_any_run_of_characters() {
    assert!(glob(
        "/iam/v1/serviceAccounts*",
        "/iam/v1/serviceAccounts/aje1"
    ));
    assert!(glob("/iam/*/keys", "/iam/v1/keys"));
    assert!(glob("*", ""));
    assert!(!glob("/iam/v1/keys", "/iam/v1/keys/1"));
    assert!(!glob("/iam/*/keys", "/iam/v1/key"));
}

#[test]
fn a_rule_fires_from_its_nth_call_on_as_often_as_it_says() {
    let mut faults = rules(&json!([rule(&json!({ "nth": 2, "times": 2 }))])).unwrap();
    let fired = [(); 5].map(|()| fires(&mut faults, &call("POST", "/iam/v1/keys")));
    assert_eq!(fired, [false, true, true, false, false]);
    assert_eq!(faults.list()[0].hits, 2);
}

#[test]
fn a_rule_may_spare_some_of_its_calls() {
    let half = json!({ "nth": 2, "times": 2, "every": 2 });
    let mut faults = rules(&json!([rule(&half)])).unwrap();
    let fired = [(); 7].map(|()| fires(&mut faults, &call("POST", "/iam/v1/keys")));
    assert_eq!(fired, [false, true, false, true, false, false, false]);
    assert!(rules(&json!([rule(&json!({ "every": 0 }))])).is_err());
}

#[test]
fn the_first_rule_that_is_due_decides_and_the_others_count() {
    let second = rule(&json!({ "nth": 2, "action": { "cut": {} } }));
    let mut faults = rules(&json!([rule(&json!({})), second])).unwrap();
    let key = call("POST", "/iam/v1/keys");
    let status = faults.fire(Phase::Before, &key).unwrap();
    let cut = faults.fire(Phase::Before, &key).unwrap();
    assert_eq!((status.name(), cut.name()), ("status", "cut"));
    assert_eq!(faults.fire(Phase::Before, &key), None);
}

#[test]
fn a_star_is_for_calls_of_the_apis_and_not_for_events() {
    let mut faults = rules(&json!([rule(
        &json!({ "method": "*", "path": "*", "times": 0 })
    )]))
    .unwrap();
    for (method, hit) in [
        ("GET", true),
        ("DELETE", true),
        ("GRPC", true),
        ("GRPC_OUT", false),
        ("MESSAGE", false),
        ("TOKEN", false),
    ] {
        assert_eq!(fires(&mut faults, &call(method, "/a")), hit, "{method}");
        assert_eq!(faults.concern(method), hit, "{method}");
    }
}

#[test]
fn a_condition_looks_at_json_headers_or_bytes() {
    let mut headers = HeaderMap::new();
    headers.insert("idempotency-key", "k1".parse().unwrap());
    let body = br#"{"name":"chat","labels":{"a/b":1}}"#;
    let event = json!({ "body": "hello" });
    let of_bytes = Call {
        headers: Some(&headers),
        content: Content::Bytes(body),
        ..call("POST", "/iam/v1/keys")
    };
    let of_json = Call {
        content: Content::Json(&event),
        ..call("INVOKE", "/iam/$latest")
    };
    for (when, bytes, json) in [
        (
            json!({ "json": { "pointer": "/name", "equals": "chat" } }),
            true,
            false,
        ),
        (
            json!({ "json": { "pointer": "/labels/a~1b", "equals": 1 } }),
            true,
            false,
        ),
        (
            json!({ "json": { "pointer": "/name", "equals": "chats" } }),
            false,
            false,
        ),
        (
            json!({ "json": { "pointer": "/body", "equals": "hello" } }),
            false,
            true,
        ),
        (json!({ "contains": "\"chat\"" }), true, false),
        (json!({ "contains": "hello" }), false, true),
        (
            json!({ "header": { "name": "Idempotency-Key", "equals": "k1" } }),
            true,
            false,
        ),
        (
            json!({ "header": { "name": "Idempotency-Key", "equals": "k2" } }),
            false,
            false,
        ),
    ] {
        let rest = rule(&json!({ "when": when }));
        let mut faults = rules(&json!([rest])).unwrap();
        assert_eq!(fires(&mut faults, &of_bytes), bytes, "{when}");
        if when.get("header").is_none() {
            let invoke = rule(&json!({ "method": "INVOKE", "when": when }));
            let mut faults = rules(&json!([invoke])).unwrap();
            assert_eq!(fires(&mut faults, &of_json), json, "{when}");
        }
    }
}

#[test]
fn a_condition_that_does_not_hold_does_not_count() {
    let when = json!({ "contains": "chat" });
    let mut faults = rules(&json!([rule(&json!({ "nth": 2, "when": when }))])).unwrap();
    let with = |content| Call {
        content: Content::Bytes(content),
        ..call("POST", "/iam/v1/keys")
    };
    let fired = [&b"chat"[..], b"talk", b"chat"].map(|text| fires(&mut faults, &with(text)));
    assert_eq!(fired, [false, false, true]);
}

#[track_caller]
fn refused(extra: &Value, words: &str) {
    let problem = rules(&json!([rule(extra)])).err().unwrap();
    assert!(problem.contains(words), "{words:?} isn't in {problem:?}");
}

#[test]
fn an_unknown_word_is_refused_by_name() {
    refused(
        &json!({ "method": "FETCH" }),
        "method FETCH is unknown; there are *, GET",
    );
    refused(&json!({ "actoin": {} }), "unknown field `actoin`");
    let explode = json!({ "action": { "explode": {} } });
    refused(&explode, "unknown variant `explode`");
    let cut = json!({ "action": { "cut": { "after": 1 } } });
    refused(&cut, "unknown field `after`");
    let grpc = json!({ "action": { "grpc": "GONE" } });
    refused(&grpc, "GONE is no failure's gRPC code");
    let ydb = json!({ "action": { "ydb": "SUCCESS" } });
    refused(&ydb, "SUCCESS is no failure's YDB status");
}

#[test]
fn an_action_that_its_place_can_not_take_is_refused_with_those_that_it_can() {
    let of = |method: &str, phase: &str, action: Value| json!({ "method": method, "path": "*", "phase": phase, "action": action });
    refused(
        &of("POST", "before", json!({ "drop": {} })),
        "POST can't take the action drop in phase before; it takes hang",
    );
    let truncate = json!({ "truncate": { "after": 1 } });
    refused(&of("POST", "before", truncate), "truncate in phase before");
    let duplicate = json!({ "duplicate": {} });
    refused(
        &of("POST", "after", duplicate.clone()),
        "duplicate in phase after",
    );
    refused(&of("GRPC", "before", duplicate), "AttachSession has no end");
    refused(
        &of("FRAME", "after", json!({ "cut": {} })),
        "no action at all",
    );
    let end = json!({ "truncate": { "after": 1, "end": { "ydb": "OVERLOADED" } } });
    refused(&of("GET", "after", end), "only where method is GRPC");
}

#[test]
fn a_value_out_of_range_is_refused() {
    refused(&json!({ "nth": 0 }), "nth counts from 1");
    let status = json!({ "action": { "status": 101 } });
    refused(&status, "101 is no HTTP status");
    let close = json!({ "method": "FRAME", "action": { "close": 99 } });
    refused(&close, "99 is no close code");
    let token = json!({ "method": "TOKEN", "when": { "contains": "a" } });
    refused(&token, "only for nothing");
    let when = |when: Value| json!({ "when": when });
    refused(&when(json!({ "contains": "" })), "must not be empty");
    let pointer = json!({ "json": { "pointer": "name", "equals": 1 } });
    refused(&when(pointer), "must be empty or start with /");
    let header = json!({ "header": { "name": "a b", "equals": "c" } });
    refused(&when(header), "no name of a header");
}

#[test]
fn a_refusal_says_which_rule_it_means_and_leaves_the_old_ones() {
    let mut faults = rules(&json!([rule(&json!({}))])).unwrap();
    let both = json!([rule(&json!({})), rule(&json!({ "nth": 0 }))]);
    let error = faults.replace(serde_json::from_value(both).unwrap());
    assert_eq!(error.unwrap_err().to_string(), "rule 2: nth counts from 1");
    assert_eq!(faults.list().len(), 1);
}

#[test]
fn a_rule_is_told_as_it_was_given() {
    let given = json!({
        "method": "GRPC", "path": "*/StreamWrite", "nth": 1, "times": 0, "phase": "after",
        "when": { "contains": "broadcast" },
        "action": { "truncate": { "after": 2, "end": { "ydb": "OVERLOADED" } } },
    });
    let faults = rules(&json!([given])).unwrap();
    let mut told = serde_json::to_value(faults.list()).unwrap();
    assert_eq!(
        told[0].as_object_mut().unwrap().remove("hits"),
        Some(json!(0))
    );
    assert_eq!(told, json!([given]));
}
