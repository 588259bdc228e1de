//! Tests of rules and records.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderMap, Request, Response};
use serde_json::json;
use tower::{Layer, ServiceExt};

use super::faults::{Phase, glob};
use super::grpc::InspectGrpcLayer;
use super::requests::{grpc_mutates, readable};
use super::{CallName, Inspector};
use crate::clock::Clock;
use crate::iam::{Iam, IamSettings};
use crate::ids::Ids;

#[test]
fn a_star_stands_for_any_run_of_characters() {
    assert!(glob(
        "/iam/v1/serviceAccounts*",
        "/iam/v1/serviceAccounts/aje1"
    ));
    assert!(glob("/iam/*/keys", "/iam/v1/keys"));
    assert!(glob("*", ""));
    assert!(!glob("/iam/v1/keys", "/iam/v1/keys/1"));
    assert!(!glob("/iam/*/keys", "/iam/v1/key"));
}

#[test]
fn a_long_json_body_stays_json() {
    let body = json!({ "functionId": "d4e", "content": "A".repeat(100_000) }).to_string();
    let recorded = readable(body.as_bytes());
    assert_eq!(recorded["functionId"], "d4e");
    assert_eq!(recorded["content"].as_str().map(str::len), Some(1024));
}

#[test]
fn a_topic_write_is_no_mutation_but_a_query_is() {
    assert!(grpc_mutates("/Ydb.Query.V1.QueryService/ExecuteQuery"));
    assert!(!grpc_mutates("/Ydb.Topic.V1.TopicService/StreamWrite"));
}

/// A gRPC call of `/Ydb.Topic.V1.TopicService/CreateTopic` through the
/// inspector; tells how often the service was reached.
async fn grpc_call(inspector: &Inspector) -> (Option<HeaderMap>, usize) {
    let reached = Arc::new(AtomicUsize::new(0));
    let counter = reached.clone();
    let service = tower::service_fn(move |_: Request<()>| {
        counter.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok::<_, Infallible>(Response::new(String::new())))
    });
    let request = Request::builder()
        .uri("/Ydb.Topic.V1.TopicService/CreateTopic")
        .body(())
        .unwrap();
    let inspected = InspectGrpcLayer::new(inspector.clone()).layer(service);
    let reply = inspected
        .oneshot(request)
        .await
        .ok()
        .map(|reply| reply.headers().clone());
    (reply, reached.load(Ordering::SeqCst))
}

fn inspector(phase: &str, action: &serde_json::Value) -> Inspector {
    let iam = Iam::new(IamSettings::default(), Clock::default(), Ids::new(1));
    let inspector = Inspector::new(iam);
    let rules =
        json!([{ "method": "GRPC", "path": "*/CreateTopic", "phase": phase, "action": action }]);
    inspector.set_faults(serde_json::from_value(rules).unwrap());
    inspector
}

#[tokio::test]
async fn a_grpc_call_is_recorded_and_broken_once() {
    let inspector = inspector("before", &json!({ "status": 503 }));
    let (reply, reached) = grpc_call(&inspector).await;
    assert_eq!(
        (reply.unwrap()["grpc-status"].to_str().unwrap(), reached),
        ("14", 0)
    );
    let (reply, reached) = grpc_call(&inspector).await;
    assert!(!reply.unwrap().contains_key("grpc-status"));
    assert_eq!(reached, 1);
    let records = inspector.list_requests(None);
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record.grpc && record.mutating));
}

#[tokio::test]
async fn a_grpc_call_is_cut_before_or_after_it_was_carried_out() {
    for (phase, times) in [("before", 0), ("after", 1)] {
        let (reply, reached) = grpc_call(&inspector(phase, &json!({ "cut": {} }))).await;
        assert!(reply.is_none());
        assert_eq!(reached, times);
    }
}

#[test]
fn a_rule_fires_from_its_nth_call_on_as_often_as_it_says() {
    let inspector = inspector("before", &json!({ "cut": {} }));
    let mut rule = inspector.list_faults().remove(0).rule;
    rule.nth = 2;
    rule.times = 2;
    inspector.set_faults(vec![rule]);
    let name = CallName {
        method: "GRPC",
        path: "/x/CreateTopic",
        subject: None,
    };
    let fired: Vec<bool> = (0..5)
        .map(|_| inspector.faults().fire(Phase::Before, &name).is_some())
        .collect();
    assert_eq!(fired, [false, true, true, false, false]);
    assert_eq!(inspector.list_faults()[0].hits, 2);
}
