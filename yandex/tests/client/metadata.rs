//! The metadata service, token files, static tokens.

use serde_json::json;
use yandex_cloud_rest::Error;
use yandex_cloud_rest::auth::{AuthError, Credentials};

use crate::harness::{Cloud, Reply, at, ordinary};

const METADATA: &str = "/computeMetadata/v1/instance/service-accounts/default/token";

fn machine(cloud: &Cloud) -> Credentials {
    Credentials::Metadata {
        address: cloud.address.to_string(),
    }
}

#[tokio::test]
async fn a_metadata_token_is_short_lived_whatever_it_says() {
    let cloud = Cloud::start(at(METADATA, |_| {
        Reply::Json(
            200,
            json!({ "access_token": "t1.vm", "expires_in": 39944, "token_type": "Bearer" }),
        )
    }))
    .await;
    let client = cloud.client_with(machine(&cloud));
    client.operations().get("one").await.unwrap();
    let request = &cloud.asked(METADATA)[0];
    assert_eq!(request.header("metadata-flavor"), Some("Google"));
    assert_eq!(request.header("authorization"), None);
    let call = &cloud.asked("/operations/one")[0];
    assert_eq!(call.header("authorization"), Some("Bearer t1.vm"));
    assert_eq!(client.tokens().get().await.unwrap().life.as_secs(), 60);
}

#[tokio::test]
async fn a_machine_without_an_account_is_told_so() {
    let cloud = Cloud::start(at(METADATA, |_| Reply::Text(404, ""))).await;
    let error = cloud
        .client_with(machine(&cloud))
        .tokens()
        .get()
        .await
        .unwrap_err();
    assert!(matches!(error, AuthError::Metadata { .. }), "{error}");
    assert!(
        error.to_string().contains("attach a service account"),
        "{error}"
    );
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_garbled_metadata_token_is_worth_another_try() {
    let cloud = Cloud::start(at(METADATA, |_| {
        Reply::Json(200, json!({ "access_token": "", "expires_in": 39944 }))
    }))
    .await;
    let client = cloud.client_with(machine(&cloud));
    let error = client.tokens().get().await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(error.to_string().contains("empty or garbled"), "{error}");
}

#[tokio::test]
async fn a_metadata_service_with_trouble_is_worth_another_try() {
    let cloud = Cloud::start(at(METADATA, |_| Reply::Text(500, "busy"))).await;
    let error = cloud
        .client_with(machine(&cloud))
        .tokens()
        .get()
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn a_token_file_is_read_when_its_token_is_refused() {
    let cloud = Cloud::start(at("/operations/one", |request| {
        match request.header("authorization") {
            Some("Bearer t1.new") => Reply::Json(200, json!({ "id": "one" })),
            _ => Reply::Json(401, json!({ "code": 16, "message": "expired" })),
        }
    }))
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "t1.old\n").unwrap();
    let client = cloud.client_with(Credentials::TokenFile(file.path().to_owned()));
    assert_eq!(client.tokens().get().await.unwrap().value, "t1.old");
    std::fs::write(file.path(), "t1.new\n").unwrap();
    client.operations().get("one").await.unwrap();
    assert_eq!(cloud.asked("/operations/one").len(), 2);
}

#[tokio::test]
async fn a_token_file_without_a_token_is_told_without_its_content() {
    let cloud = Cloud::start(ordinary).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let client = cloud.client_with(Credentials::TokenFile(file.path().to_owned()));
    for (content, expected) in [("\n", "empty"), ("t1.a\nt1.b", "more than a token")] {
        std::fs::write(file.path(), content).unwrap();
        let error = client.operations().get("one").await.unwrap_err();
        assert!(matches!(error, Error::Auth(AuthError::TokenFile { .. })));
        let text = error.to_string();
        assert!(text.contains(expected) && !text.contains("t1."), "{text}");
        assert!(text.contains("yc iam create-token"), "{text}");
    }
}
