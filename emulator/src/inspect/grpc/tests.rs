//! What rules do to gRPC calls: a service that says `one`, `two`, `three`.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use prost::Message;
use prost::bytes::Bytes;
use serde_json::{Value, json};
use tonic::Code;
use tonic::body::Body;
use tower::{Layer, ServiceExt};
use ydb_grpc::ydb_proto::query::CreateSessionResponse;
use ydb_grpc::ydb_proto::status_ids::StatusCode;
use ydb_grpc::ydb_proto::topic::CreateTopicResponse;

use super::InspectGrpcLayer;
use super::answers::trailers;
use super::messages::{Splitter, payload, prefixed};
use crate::clock::Clock;
use crate::iam::{Iam, IamSettings};
use crate::ids::Ids;
use crate::inspect::Inspector;

const CREATE_TOPIC: &str = "/Ydb.Topic.V1.TopicService/CreateTopic";

/// What a client heard: messages as texts, then the end.
#[derive(Debug, PartialEq, Eq)]
struct Heard {
    messages: Vec<String>,
    /// None for a call that was cut.
    end: Option<Code>,
}

fn heard(messages: &[&str], end: Option<Code>) -> Heard {
    let messages = messages.iter().map(|text| (*text).to_owned()).collect();
    Heard { messages, end }
}

/// An inspected service and what it was told.
struct Stage {
    inspector: Inspector,
    told: Arc<Mutex<Vec<String>>>,
}

fn texts(body: &[u8]) -> Vec<String> {
    let mut splitter = Splitter::default();
    splitter.push(body);
    let messages = std::iter::from_fn(|| splitter.next());
    messages
        .map(|message| String::from_utf8_lossy(payload(&message)).into_owned())
        .collect()
}

fn code(headers: &HeaderMap) -> Option<Code> {
    let status = headers.get("grpc-status")?;
    Some(Code::from_bytes(status.as_bytes()))
}

impl Stage {
    fn new(rules: &Value) -> Self {
        let iam = Iam::new(IamSettings::default(), Clock::default(), Ids::new(1));
        let inspector = Inspector::new(iam);
        let rules = serde_json::from_value(rules.clone()).unwrap();
        inspector.set_faults(rules).unwrap();
        let told = Arc::default();
        Self { inspector, told }
    }

    /// A rule on every call.
    fn with(phase: &str, action: &Value) -> Self {
        Self::new(
            &json!([{ "method": "GRPC", "path": "*/CreateTopic", "phase": phase, "action": action }]),
        )
    }

    /// A rule on every call's messages.
    fn on(method: &str, when: &str, action: &Value) -> Self {
        Self::new(
            &json!([{ "method": method, "path": "*", "when": { "contains": when }, "action": action }]),
        )
    }

    /// Sends these; the raw reply, if the call wasn't cut at once.
    async fn reply(&self, path: &str, sent: &[&str]) -> Option<Response<Body>> {
        let told = Arc::clone(&self.told);
        let service = tower::service_fn(move |request: Request<Body>| {
            let told = Arc::clone(&told);
            async move {
                if let Ok(body) = request.into_body().collect().await {
                    told.lock().unwrap().extend(texts(&body.to_bytes()));
                }
                let data =
                    ["one", "two", "three"].map(|text| Frame::data(prefixed(text.as_bytes())));
                let end = Frame::trailers(trailers(Code::Ok));
                let frames = data.into_iter().chain([end]).map(Ok::<_, Infallible>);
                let body = Body::new(StreamBody::new(futures::stream::iter(frames)));
                Ok::<_, Infallible>(Response::new(body))
            }
        });
        let body: Vec<Bytes> = sent.iter().map(|text| prefixed(text.as_bytes())).collect();
        let body = Body::new(Full::new(Bytes::from(body.concat())));
        let request = Request::builder().uri(path).body(body).unwrap();
        let inspected = InspectGrpcLayer::new(self.inspector.clone()).layer(service);
        inspected.oneshot(request).await.ok()
    }

    async fn call(&self, sent: &[&str]) -> Heard {
        let Some(reply) = self.reply(CREATE_TOPIC, sent).await else {
            return heard(&[], None);
        };
        let mut end = code(reply.headers());
        let mut body = reply.into_body();
        let mut data = Vec::new();
        while let Some(Ok(frame)) = body.frame().await {
            match frame.into_data() {
                Ok(bytes) => data.extend_from_slice(&bytes),
                Err(trailers) => end = code(trailers.trailers_ref().unwrap()),
            }
        }
        let messages = texts(&data);
        Heard { messages, end }
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

const ALL: [&str; 3] = ["one", "two", "three"];

#[tokio::test]
async fn a_grpc_call_is_recorded_and_broken_once() {
    let stage = Stage::with("before", &json!({ "status": 503 }));
    assert_eq!(
        stage.call(&["a"]).await,
        heard(&[], Some(Code::Unavailable))
    );
    assert_eq!(stage.told(), Vec::<String>::new());
    assert_eq!(stage.call(&["b"]).await, heard(&ALL, Some(Code::Ok)));
    assert_eq!(stage.told(), ["b"]);
    let records = stage.inspector.list_requests(None);
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record.grpc && record.mutating));
}

#[tokio::test]
async fn a_grpc_call_fails_with_a_code_of_choice_before_or_after_it_is_applied() {
    for (phase, told) in [("before", 0), ("after", 1)] {
        let stage = Stage::with(phase, &json!({ "grpc": "ABORTED" }));
        assert_eq!(stage.call(&["a"]).await, heard(&[], Some(Code::Aborted)));
        assert_eq!(stage.told().len(), told, "{phase}");
    }
}

#[tokio::test]
async fn a_grpc_call_is_cut_before_or_after_it_was_carried_out() {
    for (phase, told) in [("before", 0), ("after", 1)] {
        let stage = Stage::with(phase, &json!({ "cut": {} }));
        assert_eq!(stage.call(&["a"]).await, heard(&[], None));
        assert_eq!(stage.told().len(), told, "{phase}");
    }
}

#[tokio::test]
async fn a_ydb_status_comes_in_the_form_that_the_method_has() {
    let rule =
        json!([{ "method": "GRPC", "path": "*", "times": 0, "action": { "ydb": "OVERLOADED" } }]);
    let stage = Stage::new(&rule);
    let message = async |path: &str| {
        let reply = stage.reply(path, &["a"]).await.unwrap();
        assert_eq!(code(reply.headers()), None, "the status is in the trailers");
        let body = reply.into_body().collect().await.unwrap();
        assert_eq!(code(body.trailers().unwrap()), Some(Code::Ok));
        let mut splitter = Splitter::default();
        splitter.push(&body.to_bytes());
        splitter.next().unwrap()
    };
    let wrapped = message(CREATE_TOPIC).await;
    let answer = CreateTopicResponse::decode(payload(&wrapped)).unwrap();
    let operation = answer.operation.unwrap();
    assert_eq!(
        (operation.ready, operation.status()),
        (true, StatusCode::Overloaded)
    );
    assert!(operation.issues[0].message.contains("fault rule"));
    let bare = message("/Ydb.Query.V1.QueryService/CreateSession").await;
    let answer = CreateSessionResponse::decode(payload(&bare)).unwrap();
    assert_eq!(answer.status(), StatusCode::Overloaded);
    assert!(answer.issues[0].message.contains("fault rule"));
    assert_eq!(stage.told(), Vec::<String>::new());
}

#[tokio::test]
async fn a_grpc_call_is_carried_out_twice_and_answered_once() {
    let stage = Stage::with("before", &json!({ "duplicate": {} }));
    assert_eq!(stage.call(&["a"]).await, heard(&ALL, Some(Code::Ok)));
    assert_eq!(stage.told(), ["a", "a"]);
}

#[tokio::test]
async fn an_answer_ends_after_some_messages_as_the_rule_says() {
    let overloaded = "overloaded";
    for (end, last) in [
        (json!("clean"), heard(&["one", "two"], Some(Code::Ok))),
        (json!("cut"), heard(&["one", "two"], None)),
        (
            json!({ "grpc": "UNAVAILABLE" }),
            heard(&["one", "two"], Some(Code::Unavailable)),
        ),
        (
            json!({ "ydb": "OVERLOADED" }),
            heard(&["one", "two", overloaded], Some(Code::Ok)),
        ),
    ] {
        let truncate = json!({ "truncate": { "after": 2, "end": end } });
        let mut answer = Stage::with("after", &truncate).call(&["a"]).await;
        if let [_, _, status] = answer.messages.as_mut_slice() {
            assert!(status.contains("fault rule"), "{status}");
            overloaded.clone_into(status);
        }
        assert_eq!(answer, last, "{end}");
    }
    let at_once = json!({ "truncate": { "after": 0, "end": "clean" } });
    let nothing = Stage::with("after", &at_once).call(&["a"]).await;
    assert_eq!(nothing, heard(&[], Some(Code::Ok)));
}

#[tokio::test]
async fn a_condition_looks_into_the_first_message_and_leaves_it_there() {
    let rule = json!([{
        "method": "GRPC", "path": "*", "times": 0, "when": { "contains": "lobby" },
        "action": { "grpc": "NOT_FOUND" },
    }]);
    let stage = Stage::new(&rule);
    assert_eq!(
        stage.call(&["hall", "lobby"]).await,
        heard(&ALL, Some(Code::Ok))
    );
    assert_eq!(
        stage.call(&["lobby"]).await,
        heard(&[], Some(Code::NotFound))
    );
    assert_eq!(stage.told(), ["hall", "lobby"]);
}

#[tokio::test]
async fn messages_from_a_client_are_lost_doubled_or_the_last() {
    let sent = ["a", "b", "c"];
    for (action, told) in [
        (json!({ "drop": {} }), vec!["a", "c"]),
        (json!({ "duplicate": {} }), vec!["a", "b", "b", "c"]),
        (json!({ "delayMs": 1 }), vec!["a", "b", "c"]),
    ] {
        let stage = Stage::on("GRPC_IN", "b", &action);
        assert_eq!(stage.call(&sent).await, heard(&ALL, Some(Code::Ok)));
        assert_eq!(stage.told(), told, "{action}");
        assert_eq!(stage.inspector.list_faults()[0].hits, 1);
    }
    let stage = Stage::on("GRPC_IN", "b", &json!({ "cut": {} }));
    assert_eq!(stage.call(&sent).await, heard(&[], None));
}

#[tokio::test]
async fn messages_to_a_client_are_lost_doubled_or_the_last() {
    for (action, told) in [
        (
            json!({ "drop": {} }),
            heard(&["one", "three"], Some(Code::Ok)),
        ),
        (
            json!({ "duplicate": {} }),
            heard(&["one", "two", "two", "three"], Some(Code::Ok)),
        ),
        (json!({ "cut": {} }), heard(&["one"], None)),
        (
            json!({ "grpc": "ABORTED" }),
            heard(&["one"], Some(Code::Aborted)),
        ),
    ] {
        let stage = Stage::on("GRPC_OUT", "two", &action);
        assert_eq!(stage.call(&["a"]).await, told, "{action}");
    }
    let stage = Stage::on("GRPC_OUT", "two", &json!({ "ydb": "BAD_SESSION" }));
    let answer = stage.call(&["a"]).await;
    assert_eq!((answer.messages.len(), answer.end), (2, Some(Code::Ok)));
    assert!(answer.messages[1].contains("fault rule"));
}

#[tokio::test]
async fn a_message_that_is_held_ends_with_a_cut_when_the_rules_go() {
    let stage = Arc::new(Stage::on("GRPC_OUT", "two", &json!({ "hang": {} })));
    let calling = Arc::clone(&stage);
    let held = tokio::spawn(async move { calling.call(&["a"]).await });
    while stage.inspector.list_faults()[0].hits == 0 {
        tokio::task::yield_now().await;
    }
    assert!(!held.is_finished());
    stage.inspector.clear_faults();
    assert_eq!(held.await.unwrap(), heard(&["one"], None));
}
