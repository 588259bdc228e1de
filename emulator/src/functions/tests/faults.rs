//! Fault rules for calls of functions and for their tokens.

use serde_json::{Value, json};

use super::super::testing::Stage;
use super::super::{InvokeError, LATEST};

const COUNTER: &str = "let calls = 0; exports.handler = () => { calls += 1; return calls; };";

/// A stage with rules and a function that counts its calls.
async fn stage(rules: &Value) -> Stage {
    let stage = Stage::new();
    stage.deploy_code("d4e1", COUNTER).await;
    let rules = serde_json::from_value(rules.clone()).unwrap();
    stage.inspector.set_faults(rules).unwrap();
    stage
}

async fn count(stage: &Stage) -> Result<Value, InvokeError> {
    let event = json!({ "say": "count" });
    stage.functions.invoke("d4e1", LATEST, event).await
}

fn invoke(phase: &str, action: &Value) -> Value {
    json!([{
        "method": "INVOKE", "path": "/d4e1/$latest", "phase": phase, "action": action,
        "when": { "json": { "pointer": "/say", "equals": "count" } },
    }])
}

#[tokio::test]
async fn a_call_of_a_function_fails_before_or_after_it_runs() {
    for (phase, ran) in [("before", 0), ("after", 1)] {
        let stage = stage(&invoke(phase, &json!({ "status": 502 }))).await;
        let failed = count(&stage).await.unwrap_err();
        assert_eq!(failed.status(), 502);
        assert_eq!(count(&stage).await, Ok(json!(ran + 1)), "{phase}");
    }
}

#[tokio::test]
async fn a_doubled_call_of_a_function_runs_twice_and_is_answered_once() {
    let stage = stage(&invoke("before", &json!({ "duplicate": {} }))).await;
    assert_eq!(count(&stage).await, Ok(json!(2)));
    assert_eq!(count(&stage).await, Ok(json!(3)));
}

#[tokio::test]
async fn a_call_of_a_function_that_is_held_fails_when_the_rules_go() {
    let stage = stage(&invoke("before", &json!({ "hang": {} }))).await;
    let functions = stage.functions.clone();
    let event = json!({ "say": "count" });
    let held = tokio::spawn(async move { functions.invoke("d4e1", LATEST, event).await });
    super::until(|| stage.inspector.list_faults()[0].hits == 1).await;
    stage.inspector.clear_faults();
    assert_eq!(held.await.unwrap().unwrap_err().status(), 503);
    assert_eq!(count(&stage).await, Ok(json!(1)));
}

const TOKENS: &str = r"
    const path = '/computeMetadata/v1/instance/service-accounts/default/token';
    exports.handler = async (event, context) => {
      const url = `http://${process.env.YC_METADATA_ADDR}${path}`;
      const asked = fetch(url, { headers: { 'Metadata-Flavor': 'Google' } });
      const reply = await asked.then(async (reply) => ({ status: reply.status, text: await reply.text() }))
        .catch(() => ({ status: 0 }));
      return { ...reply, token: context.token?.access_token };
    };";

/// What a function gets: the token in its context, and status and text of its
/// metadata service.
async fn tokens(way: &str, action: &Value) -> (Stage, Value) {
    let stage = Stage::new();
    stage.deploy_code("d4e1", TOKENS).await;
    let path = format!("/d4e1/{way}");
    let rules = json!([{ "method": "TOKEN", "path": path, "action": action }]);
    let rules = serde_json::from_value(rules).unwrap();
    stage.inspector.set_faults(rules).unwrap();
    let got = stage.functions.invoke("d4e1", LATEST, Value::Null).await;
    (stage, got.unwrap())
}

fn of_metadata(got: &Value) -> String {
    let body: Value = serde_json::from_str(got["text"].as_str().unwrap()).unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_token_of_a_calls_context_has_expired_or_is_missing() {
    let (stage, got) = tokens("context", &json!({ "expired": {} })).await;
    let expired = stage.iam.authenticate(got["token"].as_str()).unwrap_err();
    assert_eq!(expired.message, "The token has expired");
    stage.iam.authenticate(Some(&of_metadata(&got))).unwrap();
    let (_, got) = tokens("context", &json!({ "status": 503 })).await;
    assert_eq!(got.get("token"), None);
}

#[tokio::test]
async fn the_metadata_service_gives_an_expired_token_fails_or_hangs_up() {
    let (stage, got) = tokens("metadata", &json!({ "expired": {} })).await;
    let expired = stage.iam.authenticate(Some(&of_metadata(&got)));
    assert_eq!(expired.unwrap_err().message, "The token has expired");
    stage.iam.authenticate(got["token"].as_str()).unwrap();
    for (action, status) in [(json!({ "status": 500 }), 500), (json!({ "cut": {} }), 0)] {
        let (_, got) = tokens("metadata", &action).await;
        assert_eq!(got["status"], status, "{action}");
    }
}
