use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode, request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::ECHO;
use crate::functions::testing::{FOLDER, Stage};
use crate::iam::Resource;

#[tokio::test]
async fn http_calls_need_the_invoker_role() {
    let stage = Stage::new();
    stage.deploy_code("d4e1", ECHO).await;
    let stranger = stage.iam.add_account(FOLDER, "stranger", &[]).unwrap();
    let raw = "/invoke/d4e1?integration=raw";
    let (status, _) = post(&stage, raw, None, "{}").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _) = post(&stage, raw, Some(&stranger), "{}").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    stage.iam.grant(
        &Resource::function(FOLDER, "d4e1"),
        "functions.functionInvoker",
        &stranger,
    );
    let (status, body) = post(&stage, raw, Some(&stranger), r#"{"a":1}"#).await;
    assert_eq!(
        (status, &body["event"]),
        (StatusCode::OK, &json!({ "a": 1 }))
    );
    let (status, _) = post(
        &stage,
        "/invoke/d4e9?integration=raw",
        Some(&stranger),
        "{}",
    )
    .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_http_integration_passes_the_request_and_takes_a_reply() {
    let stage = Stage::new();
    let code = r"exports.handler = async (event) => ({
        statusCode: 202,
        headers: { 'Content-Type': 'application/json', Server: 'mine' },
        body: JSON.stringify(event),
      });";
    stage.deploy_code("d4e1", code).await;
    let (status, event) = post(
        &stage,
        "/invoke/d4e1?a=1&a=2",
        Some(&stage.account),
        r#"{"b":1}"#,
    )
    .await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(event["httpMethod"], "POST");
    assert_eq!(event["body"], r#"{"b":1}"#);
    assert_eq!(event["isBase64Encoded"], false);
    assert_eq!(
        event["multiValueQueryStringParameters"],
        json!({ "a": ["1", "2"] })
    );
    assert_eq!(event["headers"].get("Authorization"), None);
}

async fn post(stage: &Stage, uri: &str, account: Option<&str>, body: &str) -> (StatusCode, Value) {
    let mut request = Request::post(uri).header("content-type", "application/json");
    if let Some(account) = account {
        let token = stage.iam.issue_token(account).unwrap().token;
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = stage.functions.router().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn one_request_id_is_in_the_event_the_context_and_the_reply() {
    let stage = Stage::new();
    let code = r"exports.handler = async (event, context) => ({
        headers: { 'X-Function-Id': 'mine', Date: 'mine' },
        body: JSON.stringify([event.requestContext.requestId, context.requestId]),
      });";
    stage.deploy_code("d4e1", code).await;
    let response = call(&stage, Request::get("/invoke/d4e1"), "").await;
    let headers = response.headers().clone();
    assert_eq!(response.status(), StatusCode::OK, "without statusCode");
    let id = headers["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(body(response).await, json!([id, id]));
    assert_eq!(headers["x-function-id"], "d4e1");
    assert_eq!(headers["x-function-version-id"], "d4e1-version");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["x-yf-remapped-date"], "mine");
}

#[tokio::test]
async fn a_raw_call_passes_its_body_alone_and_always_succeeds() {
    let stage = Stage::new();
    let code = "exports.handler = async (event) => ({ statusCode: 500, event });";
    stage.deploy_code("d4e1", code).await;
    for (sent, seen) in [
        (r#"{"a":1}"#, json!({ "a": 1 })),
        ("no json", json!("no json")),
        ("", json!("")),
    ] {
        let request = Request::post("/invoke/d4e1?integration=raw");
        let response = call(&stage, request, sent).await;
        assert_eq!(response.status(), StatusCode::OK);
        let expected = json!({ "statusCode": 500, "event": seen });
        assert_eq!(body(response).await, expected);
    }
}

#[tokio::test]
async fn failures_have_the_documented_status_body_and_header() {
    let stage = Stage::new();
    let code = r"exports.handler = async ({ body }) => {
        if (body === '0') throw new RangeError('too far');
        if (body === '1') return 'no reply';
        return { statusCode: 200, headers: { Via: 'me' } };
      };";
    stage.deploy_code("d4e1", code).await;
    let json_call = || Request::post("/invoke/d4e1").header("content-type", "application/json");
    let thrown = call(&stage, json_call(), "0").await;
    assert_eq!(thrown.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(thrown.headers()["x-function-error"], "true");
    let thrown = body(thrown).await;
    assert_eq!(thrown["errorType"], "RangeError");
    assert_eq!(thrown["errorMessage"], "too far");
    assert!(thrown["stackTrace"].is_array(), "{thrown}");
    let malformed = call(&stage, json_call(), "1").await;
    assert_eq!(malformed.status(), StatusCode::BAD_GATEWAY);
    let expected = json!({
        "errorMessage": "Malformed serverless function response: not a valid json",
        "errorType": "ProxyIntegrationError",
        "payload": "no reply",
    });
    assert_eq!(body(malformed).await, expected);
    let forbidden = call(&stage, json_call(), "2").await;
    assert_eq!(forbidden.status(), StatusCode::BAD_GATEWAY);
    for (path, status) in [
        ("/invoke/d4e1?integration=other", StatusCode::BAD_REQUEST),
        ("/invoke/d4e1?tag=other", StatusCode::NOT_FOUND),
        ("/invoke/d4e2", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(
            call(&stage, Request::get(path), "").await.status(),
            status,
            "{path}"
        );
    }
}

/// As the stage's account.
async fn call(stage: &Stage, request: request::Builder, body: &'static str) -> Response {
    let token = stage.iam.issue_token(&stage.account).unwrap().token;
    let request = request
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from(body))
        .unwrap();
    stage.functions.router().oneshot(request).await.unwrap()
}

async fn body(response: Response) -> Value {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}
