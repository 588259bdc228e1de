//! Tests of records.

use serde_json::{Value, json};

use super::requests::{Finished, Requests, Started, grpc_mutates, readable};

#[test]
fn a_long_json_body_stays_json() {
    let body = json!({ "functionId": "d4e", "content": "A".repeat(100_000) }).to_string();
    let recorded = readable(body.as_bytes());
    assert_eq!(recorded["functionId"], "d4e");
    let content = match &recorded["content"] {
        Value::String(text) => (text.len(), text.capacity()),
        other => panic!("{other}"),
    };
    assert_eq!(content, (1024, 1024), "what is cut off takes no memory");
}

#[test]
fn a_topic_write_is_no_mutation_but_a_query_is() {
    assert!(grpc_mutates("/Ydb.Query.V1.QueryService/ExecuteQuery"));
    assert!(!grpc_mutates("/Ydb.Topic.V1.TopicService/StreamWrite"));
}

fn call(body: serde_json::Value) -> Started {
    Started {
        body,
        ..Started::default()
    }
}

#[test]
fn the_last_ten_thousand_calls_are_kept() {
    let mut requests = Requests::default();
    for _ in 0..10_001 {
        requests.start(call(json!({ "name": "lobby" })));
    }
    let kept = requests.list(None);
    assert_eq!(kept.len(), 10_000);
    assert_eq!(kept.first().map(|record| record.sequence), Some(2));
}

#[test]
fn long_bodies_are_kept_for_fewer_calls() {
    let mut requests = Requests::default();
    let long = json!({ "items": ["A".repeat(1024 * 1024)] });
    for _ in 0..40 {
        let sequence = requests.start(call(json!(null)));
        requests.finish(
            sequence,
            Finished {
                status: Some(200),
                body: long.clone(),
            },
        );
    }
    let kept = requests.list(None);
    assert!((30..=32).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept.last().map(|record| record.sequence), Some(40));
    assert!(kept.iter().all(|record| record.response_body == long));
    for _ in 0..40 {
        requests.start(call(json!({ "name": "lobby" })));
    }
    assert_eq!(
        requests.list(None).len(),
        kept.len() + 40,
        "short ones fit beside them"
    );
}
