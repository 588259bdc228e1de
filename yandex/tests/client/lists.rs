//! Lists come in pages.

use serde_json::json;
use yandex_cloud_rest::Error;

use crate::harness::{Cloud, Recorded, Reply, at};

const FUNCTIONS: &str = "/functions/v1/functions";

fn page(request: &Recorded) -> Reply {
    let token = url::form_urlencoded::parse(request.query.as_bytes())
        .find(|(name, _)| name == "pageToken")
        .map(|(_, token)| token.into_owned());
    let body = match token.as_deref() {
        None => json!({ "functions": [{ "id": "1" }, { "id": "2" }], "nextPageToken": "a+b" }),
        Some("a+b") => json!({ "nextPageToken": "c" }),
        _ => json!({ "functions": [{ "id": "3" }], "nextPageToken": "" }),
    };
    Reply::Json(200, body)
}

#[tokio::test]
async fn every_page_is_read_also_past_an_empty_one() {
    let cloud = Cloud::start(at(FUNCTIONS, page)).await;
    let all = cloud
        .client()
        .functions()
        .list("b1g", Some("lobby"))
        .await
        .unwrap();
    let ids: Vec<&str> = all.iter().map(|function| function.id.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3"]);
    let first = "GET /functions/v1/functions?folderId=b1g&filter=name%3D%22lobby%22&pageSize=1000";
    let lines: Vec<String> = cloud.asked(FUNCTIONS).iter().map(Recorded::line).collect();
    assert_eq!(
        lines,
        [
            first.to_owned(),
            format!("{first}&pageToken=a%2Bb"),
            format!("{first}&pageToken=c")
        ]
    );
}

#[tokio::test]
async fn a_list_that_goes_round_in_circles_ends() {
    let cloud = Cloud::start(at(FUNCTIONS, |_| {
        Reply::Json(
            200,
            json!({ "functions": [{ "id": "1" }], "nextPageToken": "same" }),
        )
    }))
    .await;
    let error = cloud
        .client()
        .functions()
        .list("b1g", None)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Decode { .. }), "{error}");
    assert_eq!(cloud.asked(FUNCTIONS).len(), 2);
}

#[tokio::test]
async fn a_folder_may_hold_triggers_of_other_kinds() {
    let cloud = Cloud::start(at("/triggers/v1/triggers", |_| {
        Reply::Json(
            200,
            json!({ "triggers": [
            { "id": "a1s1", "rule": { "timer": { "cronExpression": "* * * * ? *",
                "invokeFunction": { "functionId": "d4e", "functionTag": "$latest" } } } },
            { "id": "a1s2", "rule": { "dataStream": { "database": "/db", "stream": "s",
                "serviceAccountId": "aje", "invokeFunction": { "functionId": "d4e" } } } },
            { "id": "a1s3" }] }),
        )
    }))
    .await;
    let triggers = cloud.client().triggers().list("b1g", None).await.unwrap();
    assert_eq!(triggers.len(), 3);
    assert!(triggers[0].rule.data_stream.is_none());
    let stream = triggers[1].rule.data_stream.as_ref().unwrap();
    assert!(stream.gateway_websocket_broadcast.is_none());
}
