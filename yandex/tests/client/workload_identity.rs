//! Kubernetes' tokens, exchanged for those of a service account.

use std::collections::BTreeMap;

use serde_json::json;
use tempfile::NamedTempFile;
use yandex_cloud_rest::EndpointError;
use yandex_cloud_rest::auth::{AuthError, Credentials, WorkloadIdentity};

use crate::harness::{Cloud, Reply, at};

const EXCHANGE: &str = "/oauth/token";

fn identity(cloud: &Cloud, file: &NamedTempFile) -> Credentials {
    let url = format!("{}{EXCHANGE}", cloud.url());
    Credentials::WorkloadIdentity(WorkloadIdentity::new(&url, "aje", file.path()).unwrap())
}

fn projected(token: &str) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), token).unwrap();
    file
}

#[tokio::test]
async fn the_token_in_the_file_is_exchanged_for_one_of_the_account() {
    let cloud = Cloud::start(at(EXCHANGE, |_| {
        Reply::Json(
            200,
            json!({ "access_token": "t1.iam", "token_type": "Bearer", "expires_in": 43200 }),
        )
    }))
    .await;
    let file = projected("a.pods.token\n");
    let client = cloud.client_with(identity(&cloud, &file));
    client.operations().get("one").await.unwrap();
    let request = &cloud.asked(EXCHANGE)[0];
    let kind = request.header("content-type");
    assert_eq!(kind, Some("application/x-www-form-urlencoded"));
    assert_eq!(request.header("authorization"), None);
    let body = request.body.as_str().unwrap();
    let form: BTreeMap<_, _> = url::form_urlencoded::parse(body.as_bytes()).collect();
    let fields = [
        ("audience", "aje"),
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("subject_token", "a.pods.token"),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:id_token",
        ),
    ];
    let fields = fields.map(|(name, value)| (name.into(), value.into()));
    assert_eq!(form, BTreeMap::from(fields));
    let call = &cloud.asked("/operations/one")[0];
    assert_eq!(call.header("authorization"), Some("Bearer t1.iam"));
    assert_eq!(client.tokens().get().await.unwrap().life.as_secs(), 43200);
}

#[tokio::test]
async fn a_token_that_kubernetes_renewed_is_read_anew() {
    let cloud = Cloud::start(|request| match request.path.as_str() {
        EXCHANGE if request.body.as_str()?.contains("=new&") => Some(Reply::Json(
            200,
            json!({ "access_token": "t1.new", "expires_in": 43200 }),
        )),
        EXCHANGE => Some(Reply::Json(
            200,
            json!({ "access_token": "t1.old", "expires_in": 43200 }),
        )),
        "/operations/one" if request.header("authorization") == Some("Bearer t1.old") => Some(
            Reply::Json(401, json!({ "code": 16, "message": "expired" })),
        ),
        _ => None,
    })
    .await;
    let file = projected("old");
    let client = cloud.client_with(identity(&cloud, &file));
    assert_eq!(client.tokens().get().await.unwrap().value, "t1.old");
    std::fs::write(file.path(), "new").unwrap();
    client.operations().get("one").await.unwrap();
    assert_eq!(cloud.asked(EXCHANGE).len(), 2);
}

#[tokio::test]
async fn a_refusal_says_what_to_do_and_never_shows_the_token() {
    let cloud = Cloud::start(at(EXCHANGE, |_| {
        Reply::Json(
            400,
            json!({ "error": "invalid_grant", "error_description": "no link" }),
        )
    }))
    .await;
    let file = projected("a.pods.token");
    let error = cloud
        .client_with(identity(&cloud, &file))
        .tokens()
        .get()
        .await;
    let error = error.unwrap_err();
    assert!(matches!(error, AuthError::Exchange { .. }), "{error}");
    assert!(!error.is_transient());
    let text = error.to_string();
    for part in [
        "aje",
        "invalid_grant: no link",
        "federated-credential create",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!format!("{text}{error:?}").contains("a.pods.token"));
}

#[tokio::test]
async fn a_garbled_token_is_worth_another_try() {
    let cloud = Cloud::start(at(EXCHANGE, |_| {
        Reply::Json(200, json!({ "access_token": "t1\n", "expires_in": 43200 }))
    }))
    .await;
    let file = projected("a.pods.token");
    let client = cloud.client_with(identity(&cloud, &file));
    let error = client.tokens().get().await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(error.to_string().contains("empty or garbled"), "{error}");
}

#[tokio::test]
async fn trouble_is_worth_another_try_and_a_missing_file_is_not() {
    let cloud = Cloud::start(at(EXCHANGE, |_| Reply::Text(502, "busy"))).await;
    let file = projected("a.pods.token");
    let client = cloud.client_with(identity(&cloud, &file));
    assert!(client.tokens().get().await.unwrap_err().is_transient());
    std::fs::write(file.path(), "\n").unwrap();
    let error = client.tokens().get().await.unwrap_err();
    assert!(matches!(error, AuthError::SubjectToken { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("projected service account token"),
        "{error}"
    );
    assert!(!error.is_transient());
}

#[test]
fn a_pods_token_goes_to_no_other_machine_in_plain_text() {
    let path = std::path::Path::new("token");
    let refused = WorkloadIdentity::new("http://example.com/oauth/token", "aje", path);
    assert!(matches!(refused, Err(EndpointError::Plaintext { .. })));
}
