//! Tries, keys, time limits, and what is never sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;
use yandex_cloud_rest::auth::Credentials;
use yandex_cloud_rest::model::FieldMask;
use yandex_cloud_rest::model::function::{CreateFunctionRequest, UpdateFunctionRequest};
use yandex_cloud_rest::{Client, Code, EndpointError, Error, Rate};

use crate::harness::{Cloud, Reply, at, authorized_key, failure, in_turn, ordinary};

const FUNCTIONS: &str = "/functions/v1/functions";
const SEND: &str = "/apigateways/websocket/v1/connections/one:send";
const KEY: Uuid = Uuid::from_u128(7);

async fn create(client: &Client) -> Result<(), Error> {
    let request = CreateFunctionRequest {
        folder_id: "b1g".to_owned(),
        ..CreateFunctionRequest::default()
    };
    client.functions().create(&request, KEY).await.map(drop)
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_key() {
    let replies: [fn() -> Reply; 3] = [
        || Reply::Cut,
        || failure(503, 14),
        || Reply::Json(200, json!({ "id": "operation" })),
    ];
    let cloud = Cloud::start(in_turn(FUNCTIONS, replies)).await;
    create(&cloud.client()).await.unwrap();
    let tries = cloud.asked(FUNCTIONS);
    assert_eq!(tries.len(), 3);
    for request in &tries {
        assert_eq!(
            request.header("idempotency-key"),
            Some(KEY.to_string().as_str())
        );
        assert_eq!(
            request.header("x-request-id"),
            tries[0].header("x-request-id")
        );
        assert_eq!(request.body, json!({ "folderId": "b1g" }));
    }
}

#[tokio::test]
async fn calls_have_request_ids_of_their_own() {
    let cloud = Cloud::start(ordinary).await;
    let client = cloud.client();
    create(&client).await.unwrap();
    create(&client).await.unwrap();
    let calls = cloud.asked(FUNCTIONS);
    assert!(calls[0].header("x-request-id").is_some());
    assert_ne!(
        calls[0].header("x-request-id"),
        calls[1].header("x-request-id")
    );
}

#[tokio::test]
async fn reads_that_wait_for_their_turn_say_so_and_mutations_do_not() {
    let cloud = Cloud::start(ordinary).await;
    let mut config = cloud.config(Credentials::Token("t1.static".to_owned()));
    config.rate = Some(Rate {
        per_second: 5,
        burst: 1,
    });
    let told = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&told);
    let client = Client::new(config)
        .unwrap()
        .telling_waits(move |wait| notes.lock().unwrap().push(wait));
    let functions = client.functions();
    let (_one, _other, made) = tokio::join!(
        functions.get("one"),
        functions.get("other"),
        create(&client)
    );
    made.unwrap();
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], Duration::ZERO);
    assert!(told[1] > Duration::ZERO && told[1] <= Duration::from_millis(200));
}

#[tokio::test]
async fn tries_are_counted_and_only_for_what_may_pass() {
    for (http, code, tries) in [
        (503, 14, 4),
        (500, 13, 1),
        (429, 8, 1),
        (409, 10, 1),
        (504, 4, 1),
    ] {
        let cloud = Cloud::start(at(FUNCTIONS, move |_| failure(http, code))).await;
        let error = create(&cloud.client()).await.unwrap_err();
        assert_eq!(error.code(), Some(Code::from_number(code)));
        assert_eq!(cloud.asked(FUNCTIONS).len(), tries, "code {code}");
    }
}

#[tokio::test]
async fn one_try_is_one_try() {
    let cloud = Cloud::start(at(FUNCTIONS, |_| Reply::Cut)).await;
    let mut config = cloud.config(Credentials::Token("t1.static".to_owned()));
    config.attempts = 1;
    let error = create(&Client::new(config).unwrap()).await.unwrap_err();
    assert!(error.is_transient() && !error.is_timeout(), "{error}");
    assert_eq!(cloud.asked(FUNCTIONS).len(), 1);
}

#[tokio::test]
async fn silence_ends_in_time_and_is_not_repeated() {
    let cloud = Cloud::start(at(FUNCTIONS, |_| Reply::Silence)).await;
    let mut config = cloud.config(Credentials::Token("t1.static".to_owned()));
    config.request_timeout = Duration::from_millis(300);
    let error = create(&Client::new(config).unwrap()).await.unwrap_err();
    assert!(error.is_timeout() && error.is_transient(), "{error}");
    assert_eq!(
        error.to_string(),
        "POST /functions/v1/functions: no answer: operation timed out"
    );
    assert_eq!(cloud.asked(FUNCTIONS).len(), 1);
}

#[tokio::test]
async fn no_try_starts_after_the_time_for_one() {
    let cloud = Cloud::start(at(FUNCTIONS, |_| failure(503, 14))).await;
    let mut config = cloud.config(Credentials::Token("t1.static".to_owned()));
    config.request_timeout = Duration::from_secs(2);
    config.attempts = u32::MAX;
    let error = create(&Client::new(config).unwrap()).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Unavailable));
    assert!((2..10).contains(&cloud.asked(FUNCTIONS).len()));
}

#[tokio::test]
async fn a_message_that_may_have_gone_out_is_not_sent_twice() {
    let cloud = Cloud::start(at(SEND, |_| Reply::Cut)).await;
    let error = cloud
        .client()
        .connections()
        .send_text("one", "hi")
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Transport { .. }), "{error}");
    assert_eq!(cloud.asked(SEND).len(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Cloud::start(ordinary).await;
    let place = other.url();
    let cloud = Cloud::start(move |request| match request.path.as_str() {
        "/iam/v1/tokens" => Some(Reply::Redirect(place.clone())),
        _ => None,
    })
    .await;
    let client = cloud.client_with(authorized_key());
    create(&client).await.unwrap_err();
    assert!(other.seen().is_empty(), "the JWT went elsewhere");
}

#[tokio::test]
async fn an_id_that_makes_another_path_is_never_sent() {
    let cloud = Cloud::start(ordinary).await;
    let client = cloud.client();
    // No address has room for so much.
    let long = "x".repeat(100_000);
    for id in [
        "", "..", ".", "a/b", "a?b", "a#b", "%2e%2e", "a\\b", "a b", ":setTag", "ü", &long,
    ] {
        let error = client.functions().delete(id, KEY).await.unwrap_err();
        assert!(
            matches!(error, Error::Endpoint(EndpointError::Path { .. })),
            "{id}: {error}"
        );
        assert!(!error.is_transient());
    }
    assert!(cloud.seen().is_empty());
    client.functions().delete("d4e-_~1", KEY).await.unwrap();
}

#[tokio::test]
async fn an_update_without_a_mask_is_never_sent() {
    let cloud = Cloud::start(ordinary).await;
    let client = cloud.client();
    for update_mask in [None, Some(FieldMask::default())] {
        let request = UpdateFunctionRequest {
            update_mask,
            name: "new".to_owned(),
            ..UpdateFunctionRequest::default()
        };
        let error = client
            .functions()
            .update("d4e", &request, KEY)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("mask"), "{error}");
    }
    assert!(cloud.asked("/functions/v1/functions/d4e").is_empty());
}

#[tokio::test]
async fn a_function_is_invoked_raw_and_by_tag() {
    let cloud = Cloud::start(at("/invoke/d4e", |_| {
        Reply::Json(200, json!({ "ok": true }))
    }))
    .await;
    let url = format!("{}/invoke/d4e", cloud.url());
    let event = json!({ "wschat": "health" });
    let client = cloud.client();
    let answer: Value = client
        .functions()
        .invoke(&url, "$latest", &event)
        .await
        .unwrap();
    assert_eq!(answer, json!({ "ok": true }));
    let call = &cloud.asked("/invoke/d4e")[0];
    assert_eq!(
        call.line(),
        "POST /invoke/d4e?integration=raw&tag=%24latest"
    );
    assert_eq!(call.body, event);
    assert_eq!(call.header("authorization"), Some("Bearer t1.static"));
    assert_eq!(call.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn an_invocation_is_repeated_for_a_refused_token_only() {
    let cloud = Cloud::start(at("/invoke", |request| {
        match request.header("authorization") {
            Some("Bearer t1.1") => Reply::Text(401, "Unauthorized"),
            _ => Reply::Json(502, json!({ "errorType": "Error", "errorMessage": "boom" })),
        }
    }))
    .await;
    let url = format!("{}/invoke", cloud.url());
    let client = cloud.client_with(authorized_key());
    let failed = client
        .functions()
        .invoke::<Value>(&url, "live", &json!({}))
        .await;
    let error = failed.unwrap_err();
    assert_eq!(error.api().unwrap().message, "Error: boom");
    assert_eq!(cloud.asked("/invoke").len(), 2);
}

#[tokio::test]
async fn a_token_does_not_go_to_another_machine_in_plain_http() {
    let cloud = Cloud::start(ordinary).await;
    let client = cloud.client();
    let url = "http://functions.example/d4e";
    let failed = client
        .functions()
        .invoke::<Value>(url, "live", &json!({}))
        .await;
    let error = failed.unwrap_err();
    assert!(
        matches!(error, Error::Endpoint(EndpointError::Plaintext { .. })),
        "{error}"
    );
}
