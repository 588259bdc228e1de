use axum::body::Body;
use http::{Request, StatusCode};
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
    let (status, body) = post(&stage, "/invoke/d4e1", Some(&stranger), "{}").await;
    assert_eq!(
        (status, &body["errorType"]),
        (StatusCode::BAD_GATEWAY, &json!("ProxyIntegrationError"))
    );
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
