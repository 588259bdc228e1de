//! Authorized keys: files, the JWT, one exchange for all, refusals.

use std::collections::HashMap;
use std::sync::Mutex;

use futures::future::join_all;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use yandex_cloud_rest::auth::{AuthError, AuthorizedKey, Credentials};
use yandex_cloud_rest::{Code, Error};

use crate::harness::{Cloud, PAIR, Reply, at, authorized_key, failure, in_turn, ordinary};

const TOKENS: &str = "/iam/v1/tokens";
const OPERATION: &str = "/operations/one";

fn write(content: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    file
}

#[tokio::test]
async fn a_key_file_of_either_casing_becomes_a_ps256_jwt() {
    let warned = format!(
        "PLEASE DO NOT REMOVE THIS LINE! Yandex.Cloud SA Key ID <ajk>\n{}",
        PAIR.private_pem
    );
    for content in [
        json!({ "id": "ajk", "service_account_id": "aje", "private_key": warned,
            "created_at": "2026-01-01T00:00:00Z", "key_algorithm": "RSA_2048", "public_key": "" }),
        json!({ "id": "ajk", "serviceAccountId": "aje", "privateKey": PAIR.private_pem }),
    ] {
        let file = write(&content.to_string());
        let key = AuthorizedKey::read(file.path()).unwrap();
        let cloud = Cloud::start(ordinary).await;
        let client = cloud.client_with(Credentials::AuthorizedKey(Box::new(key)));
        client.operations().get("one").await.unwrap();

        let exchange = &cloud.asked(TOKENS)[0];
        assert_eq!(exchange.method, "POST");
        assert_eq!(exchange.header("authorization"), None);
        let jwt = exchange.body["jwt"].as_str().unwrap();
        let mut validation = Validation::new(Algorithm::PS256);
        validation.set_audience(&["https://iam.api.cloud.yandex.net/iam/v1/tokens"]);
        validation.set_issuer(&["aje"]);
        let public = DecodingKey::from_rsa_pem(PAIR.public_pem.as_bytes()).unwrap();
        let parsed =
            jsonwebtoken::decode::<HashMap<String, Value>>(jwt, &public, &validation).unwrap();
        assert_eq!(parsed.header.kid.as_deref(), Some("ajk"));
        assert_eq!(parsed.header.typ.as_deref(), Some("JWT"));
        let seconds = |claim: &str| parsed.claims[claim].as_i64().unwrap();
        assert_eq!(seconds("exp") - seconds("iat"), 3600);
        assert!((seconds("iat") - jiff::Timestamp::now().as_second()).abs() < 60);

        let call = &cloud.asked(OPERATION)[0];
        assert_eq!(call.header("authorization"), Some("Bearer t1.1"));
    }
}

#[tokio::test]
async fn a_key_file_is_read_for_each_token_and_others_have_their_own() {
    let file = |id: &str| {
        json!({ "id": id, "service_account_id": "aje", "private_key": PAIR.private_pem })
            .to_string()
    };
    let kept = write(&file("first"));
    let cloud = Cloud::start(ordinary).await;
    let client = cloud.client_with(Credentials::KeyFile(kept.path().to_owned()));
    client.operations().get("one").await.unwrap();
    std::fs::write(kept.path(), file("second")).unwrap();
    let token = client.tokens().get().await.unwrap();
    client.tokens().invalidate(&token.value);
    client.operations().get("one").await.unwrap();
    // Another key gets a token of its own, and leaves the first one's alone.
    let third = AuthorizedKey::parse(&file("third")).unwrap();
    let other = client.signed_in_with(third);
    other.operations().get("one").await.unwrap();
    client.operations().get("one").await.unwrap();

    let keys: Vec<String> = cloud
        .asked(TOKENS)
        .iter()
        .map(|exchange| {
            let jwt = exchange.body["jwt"].as_str().unwrap();
            jsonwebtoken::decode_header(jwt).unwrap().kid.unwrap()
        })
        .collect();
    assert_eq!(keys, ["first", "second", "third"]);
    std::fs::write(kept.path(), "{").unwrap();
    let token = client.tokens().get().await.unwrap();
    client.tokens().invalidate(&token.value);
    let error = client.operations().get("one").await.unwrap_err();
    assert!(
        matches!(error, Error::Auth(AuthError::KeyFile(_))),
        "{error}"
    );
}

#[test]
fn a_bad_key_file_is_told_in_one_line_that_shows_no_secret() {
    let secret = "c2VjcmV0";
    let good = PAIR.private_pem.as_str();
    let broken = format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n");
    let file = |id: &str, key: &str| {
        json!({ "id": id, "service_account_id": "aje", "private_key": key }).to_string()
    };
    for (content, expected) in [
        ("{".to_owned(), "not JSON"),
        (String::new(), "not JSON"),
        (json!("c2VjcmV0").to_string(), "fields"),
        (json!({ "id": ["c2VjcmV0"] }).to_string(), "fields"),
        (
            json!({ "id": "ajk", "service_account_id": "aje" }).to_string(),
            "no private_key",
        ),
        (
            json!({ "id": "ajk", "private_key": good }).to_string(),
            "no service_account_id",
        ),
        (file("", good), "no id"),
        (file("ajk", secret), "ajk can't be used"),
        (file("ajk", &broken), "ajk can't be used"),
        (file("ajk", &PAIR.public_pem), "ajk can't be used"),
    ] {
        let file = write(&content);
        let error = AuthorizedKey::read(file.path()).unwrap_err().to_string();
        assert!(error.contains(expected), "{content}: {error}");
        assert!(error.contains("yc iam key create"), "{error}");
        assert!(!error.contains(secret) && !error.contains('\n'), "{error}");
    }
    let missing = AuthorizedKey::read("/nowhere/key.json".as_ref()).unwrap_err();
    assert!(
        missing.to_string().contains("/nowhere/key.json"),
        "{missing}"
    );
}

#[tokio::test]
async fn a_hundred_callers_make_one_exchange() {
    let cloud = Cloud::start(ordinary).await;
    let client = cloud.client_with(authorized_key());
    let calls = (0..100).map(|_| async { client.operations().get("one").await });
    for result in join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(cloud.asked(TOKENS).len(), 1);
    assert_eq!(cloud.asked("/endpoints").len(), 1);
    assert_eq!(cloud.asked(OPERATION).len(), 100);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let cloud = Cloud::start(at(OPERATION, |request| {
        match request.header("authorization") {
            Some("Bearer t1.1") => failure(401, 16),
            _ => Reply::Json(200, json!({ "id": "one" })),
        }
    }))
    .await;
    let client = cloud.client_with(authorized_key());
    assert_eq!(client.operations().get("one").await.unwrap().id, "one");
    client.operations().get("one").await.unwrap();
    assert_eq!(cloud.asked(TOKENS).len(), 2);
    assert_eq!(cloud.asked(OPERATION).len(), 3);
}

#[tokio::test]
async fn a_cloud_that_refuses_every_token_is_not_asked_for_ever() {
    let cloud = Cloud::start(at(OPERATION, |_| failure(401, 16))).await;
    let client = cloud.client_with(authorized_key());
    let error = client.operations().get("one").await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Unauthenticated));
    assert_eq!(cloud.asked(OPERATION).len(), 2);
    assert_eq!(cloud.asked(TOKENS).len(), 2);
}

#[tokio::test]
async fn a_token_that_no_header_takes_is_not_kept() {
    for garbled in ["t1.\u{7}", "t1. 1", "t1.\n", ""] {
        let next = Mutex::new(vec!["t1.good", garbled]);
        let cloud = Cloud::start(at(TOKENS, move |_| {
            let token = next.lock().unwrap().pop().unwrap();
            let end = "2100-01-01T00:00:00Z";
            Reply::Json(200, json!({ "iamToken": token, "expiresAt": end }))
        }))
        .await;
        let client = cloud.client_with(authorized_key());
        client.operations().get("one").await.unwrap();
        assert_eq!(cloud.asked(TOKENS).len(), 2, "{garbled:?}");
        let call = &cloud.asked(OPERATION)[0];
        assert_eq!(call.header("authorization"), Some("Bearer t1.good"));
    }
}

#[tokio::test]
async fn a_refused_key_is_told_with_what_to_do() {
    let cloud = Cloud::start(at(TOKENS, |_| failure(401, 16))).await;
    let client = cloud.client_with(authorized_key());
    let error = client.operations().get("one").await.unwrap_err();
    assert!(matches!(&error, Error::Auth(AuthError::Refused { key, .. }) if key == "ajk"));
    assert!(!error.is_transient());
    let text = error.to_string();
    assert!(
        text.contains("clock") && text.contains("yc iam key create"),
        "{text}"
    );
    assert!(!text.contains('\n'), "{text}");
    assert_eq!(cloud.asked(TOKENS).len(), 1);
    assert!(cloud.asked(OPERATION).is_empty());
}

#[tokio::test]
async fn an_iam_that_is_down_for_a_moment_is_asked_again() {
    let replies: [fn() -> Reply; 3] = [
        || failure(503, 14),
        || Reply::Cut,
        || {
            Reply::Json(
                200,
                json!({ "iamToken": "t1.late", "expiresAt": "2100-01-01T00:00:00Z" }),
            )
        },
    ];
    let cloud = Cloud::start(in_turn(TOKENS, replies)).await;
    let client = cloud.client_with(authorized_key());
    client.operations().get("one").await.unwrap();
    assert_eq!(
        cloud.asked(OPERATION)[0].header("authorization"),
        Some("Bearer t1.late")
    );
}

#[tokio::test]
async fn nothing_secret_is_shown_by_debug() {
    let cloud = Cloud::start(ordinary).await;
    let client = cloud.client_with(authorized_key());
    let token = client.tokens().get().await.unwrap();
    let config = cloud.config(Credentials::Token("t1.static".to_owned()));
    let shown = format!("{client:?} {token:?} {config:?} {:?}", authorized_key());
    let body = PAIR.private_pem.lines().nth(1).unwrap();
    for secret in ["t1.1", "t1.static", body] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
