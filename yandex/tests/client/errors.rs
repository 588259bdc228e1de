//! What an error body, or the lack of one, means.

use serde_json::json;
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::{ApiError, Code, Error};

use crate::harness::{Cloud, Reply, at};

const OPERATION: &str = "/operations/one";

async fn error_of(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Error {
    let cloud = Cloud::start(at(OPERATION, move |_| reply())).await;
    cloud.client().operations().get("one").await.unwrap_err()
}

#[test]
fn the_body_decides_and_not_the_http_status() {
    for (http, number, code, name) in [
        (499, 1, Code::Cancelled, "CANCELLED"),
        (500, 2, Code::Unknown, "UNKNOWN"),
        (400, 3, Code::InvalidArgument, "INVALID_ARGUMENT"),
        (504, 4, Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
        (404, 5, Code::NotFound, "NOT_FOUND"),
        (409, 6, Code::AlreadyExists, "ALREADY_EXISTS"),
        (403, 7, Code::PermissionDenied, "PERMISSION_DENIED"),
        (429, 8, Code::ResourceExhausted, "RESOURCE_EXHAUSTED"),
        (400, 9, Code::FailedPrecondition, "FAILED_PRECONDITION"),
        (409, 10, Code::Aborted, "ABORTED"),
        (400, 11, Code::OutOfRange, "OUT_OF_RANGE"),
        (501, 12, Code::Unimplemented, "UNIMPLEMENTED"),
        (500, 13, Code::Internal, "INTERNAL"),
        (503, 14, Code::Unavailable, "UNAVAILABLE"),
        (500, 15, Code::DataLoss, "DATA_LOSS"),
        (401, 16, Code::Unauthenticated, "UNAUTHENTICATED"),
    ] {
        let body = json!({ "code": number, "message": "why" }).to_string();
        let error = ApiError::parse(http, &body, None);
        assert_eq!((error.code, error.http_status), (code, http));
        assert_eq!(error.to_string(), format!("{name} why"));
        // Whatever HTTP says.
        assert_eq!(ApiError::parse(418, &body, None).code, code);
    }
}

#[test]
fn a_body_that_is_not_the_clouds_is_judged_by_its_http_status() {
    for (http, body, code, message) in [
        (
            503,
            "<html>\n  <h1>Sorry</h1>\n</html>",
            Code::Unavailable,
            "<html> <h1>Sorry</h1> </html>",
        ),
        (502, "", Code::Unavailable, "HTTP status 502 without a word"),
        (404, "[1]", Code::NotFound, "[1]"),
        (
            401,
            "{\"error\":\"x\"}",
            Code::Unauthenticated,
            "{\"error\":\"x\"}",
        ),
        (429, "slow", Code::ResourceExhausted, "slow"),
        (307, "", Code::Unknown, "HTTP status 307 without a word"),
    ] {
        let error = ApiError::parse(http, body, None);
        assert_eq!(error.code, code, "{body}");
        assert_eq!(error.message, message);
    }
}

#[tokio::test]
async fn an_error_names_its_call_and_its_request() {
    let error = error_of(|| Reply::Json(404, json!({ "code": 5, "message": "gone" }))).await;
    assert!(error.is_not_found());
    assert_eq!(
        error.to_string(),
        "GET /operations/one: NOT_FOUND gone (request from-header)"
    );
    let error = error_of(|| {
        Reply::Json(
            400,
            json!({ "code": 9, "message": "no", "details": [
                { "@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "from-body" }] }),
        )
    })
    .await;
    assert_eq!(error.code(), Some(Code::FailedPrecondition));
    assert_eq!(
        error.api().unwrap().request_id.as_deref(),
        Some("from-body")
    );
}

#[tokio::test]
async fn a_full_quota_is_named() {
    let error = error_of(|| {
        Reply::Json(
            429,
            json!({ "code": 8, "message": "Quota limit exceeded", "details": [{
                "@type": "type.googleapis.com/yandex.cloud.quota.QuotaFailure",
                "violations": [{
                    "metric": { "name": "ydb.serverlessDatabases.count", "limit": "4", "usage": 4 },
                    "required": 5 }] }] }),
        )
    })
    .await;
    let violations = error.quota_violations();
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].metric.name, "ydb.serverlessDatabases.count");
    assert_eq!((violations[0].metric.limit, violations[0].required), (4, 5));
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_not_success() {
    for text in ["<html>", "", "[]", "{\"done\":\"maybe\"}"] {
        let error = error_of(move || Reply::Text(200, text)).await;
        assert!(matches!(error, Error::Decode { .. }), "{text}: {error}");
        assert!(error.to_string().contains("can't be read"), "{error}");
    }
}

#[test]
fn an_operation_tells_its_end_and_its_resource() {
    let rolling_back: Operation = serde_json::from_value(json!({
        "id": "one", "description": "Create function", "createdAt": "2026-01-01T00:00:00.123456789Z",
        "createdBy": "aje", "modifiedAt": "2026-01-01T00:00:01Z",
        "metadata": {
            "@type": "type.googleapis.com/yandex.cloud.serverless.functions.v1.CreateFunctionMetadata",
            "functionId": "d4e" },
        "error": { "code": 13, "message": "no room", "details": [] },
        "somethingNew": {} }))
    .unwrap();
    assert!(!rolling_back.done);
    assert_eq!(rolling_back.metadata_text("functionId"), Some("d4e"));
    assert_eq!(rolling_back.metadata_text("gatewayId"), None);
    let error = ApiError::from_operation(rolling_back.error.as_ref().unwrap());
    assert_eq!(
        (error.code, error.message.as_str()),
        (Code::Internal, "no room")
    );
}
