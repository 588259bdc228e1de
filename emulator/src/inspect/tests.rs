//! Tests of records.

use serde_json::json;

use super::requests::{grpc_mutates, readable};

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
