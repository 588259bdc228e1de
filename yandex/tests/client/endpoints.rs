//! Where services are, and where tokens must not go.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use yandex_cloud_rest::auth::Credentials;
use yandex_cloud_rest::{ApiEndpoint, Client, Config, EndpointError, Error, Service};

use crate::harness::{Cloud, Reply, at, ordinary};

#[test]
fn plain_http_is_for_this_machine_only() {
    for good in [
        "https://api.cloud.yandex.net",
        "http://127.0.0.1:8480",
        "http://[::1]:1",
        "http://localhost/",
    ] {
        assert!(ApiEndpoint::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "http://10.0.0.1",
        "http://api.cloud.yandex.net",
        "http://localhost.example",
    ] {
        let error = ApiEndpoint::parse(bad).unwrap_err();
        assert!(matches!(error, EndpointError::Plaintext { .. }), "{error}");
    }
    for bad in ["api.cloud.yandex.net", "ftp://127.0.0.1", ""] {
        let error = ApiEndpoint::parse(bad).unwrap_err();
        assert!(matches!(error, EndpointError::Malformed { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_cloud_on_this_machine_announces_plain_http() {
    let cloud = Cloud::start(ordinary).await;
    let client = cloud.client();
    assert!(client.api_endpoint().is_plaintext());
    for service in [Service::Iam, Service::Connections, Service::Operation] {
        assert_eq!(client.base_url(service).await.unwrap(), cloud.url());
    }
    let asked = cloud.asked("/endpoints");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].header("authorization"), None);
}

#[tokio::test]
async fn a_cloud_on_this_machine_may_not_announce_another_one() {
    let cloud = Cloud::start(at("/endpoints", |_| {
        Reply::Json(
            200,
            json!({ "endpoints": [{ "id": "ydb", "address": "10.0.0.1:80" }] }),
        )
    }))
    .await;
    let error = cloud.client().databases().get("etn").await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Endpoint(EndpointError::Address {
                service: Service::Ydb,
                ..
            })
        ),
        "{error}"
    );
    assert!(error.to_string().contains("10.0.0.1"), "{error}");
}

#[tokio::test]
async fn either_name_of_a_service_will_do() {
    let cloud = Cloud::start(at("/endpoints", |_| {
        let ids = ["resourcemanager", "apigateway-connections"];
        let endpoint = |id| json!({ "id": id, "address": "localhost:1" });
        Reply::Json(200, json!({ "endpoints": ids.map(endpoint) }))
    }))
    .await;
    let client = cloud.client();
    for service in [Service::ResourceManager, Service::Connections] {
        assert_eq!(
            client.base_url(service).await.unwrap(),
            "http://localhost:1"
        );
    }
    let error = client.base_url(Service::Ydb).await.unwrap_err();
    assert!(
        matches!(error, Error::Endpoint(EndpointError::Missing { .. })),
        "{error}"
    );
}

#[tokio::test]
async fn an_override_goes_before_the_list_and_obeys_the_same_rule() {
    let cloud = Cloud::start(ordinary).await;
    let token = || Credentials::Token("t1.static".to_owned());
    let mut config = Config::new(token());
    // Nobody is here; the override makes that unimportant.
    config.api_endpoint = "http://127.0.0.1:1".to_owned();
    config
        .overrides
        .insert(Service::Operation, format!("{}/", cloud.url()));
    Client::new(config)
        .unwrap()
        .operations()
        .get("one")
        .await
        .unwrap();
    assert_eq!(cloud.seen().len(), 1);

    let mut config = Config::new(token());
    config
        .overrides
        .insert(Service::Iam, "http://10.0.0.1".to_owned());
    let error = Client::new(config).unwrap_err();
    assert!(
        matches!(error, Error::Endpoint(EndpointError::Plaintext { .. })),
        "{error}"
    );
}

#[tokio::test]
async fn an_api_endpoint_that_nobody_serves_is_told_with_the_cause() {
    let _cloud = Cloud::start(ordinary).await;
    let mut config = Config::new(Credentials::Token("t1.static".to_owned()));
    config.api_endpoint = "http://127.0.0.1:1".to_owned();
    config.attempts = 1;
    let error = Client::new(config)
        .unwrap()
        .base_url(Service::Iam)
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("http://127.0.0.1:1") && text.contains("refused"),
        "{text}"
    );
    assert!(std::error::Error::source(&error).is_none());
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_list_that_lacks_a_service_is_asked_for_anew() {
    let lame = AtomicBool::new(true);
    let cloud = Cloud::start(at("/endpoints", move |_| {
        let id = if lame.swap(false, Ordering::Relaxed) {
            "iam"
        } else {
            "ydb"
        };
        Reply::Json(
            200,
            json!({ "endpoints": [{ "id": id, "address": "localhost:1" }] }),
        )
    }))
    .await;
    let client = cloud.client();
    let error = client.base_url(Service::Ydb).await.unwrap_err();
    assert!(
        matches!(error, Error::Endpoint(EndpointError::Missing { .. })),
        "{error}"
    );
    for _ in 0..2 {
        let base = client.base_url(Service::Ydb).await.unwrap();
        assert_eq!(base, "http://localhost:1");
    }
    assert_eq!(cloud.asked("/endpoints").len(), 2);
}
