//! Fault rules for batches.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Stage, wait_for};
use crate::traffic::Seen;

#[tokio::test]
async fn a_batch_is_lost_doubled_or_late_as_a_rule_says() {
    let mut stage = Stage::new(1, Duration::from_secs(1));
    stage.start().await;
    let rule = |when: &str, action: &Value| {
        let when = json!({ "json": { "pointer": "/messages/0", "equals": when } });
        json!({ "method": "DELIVER", "path": "/a1s1", "when": when, "action": action })
    };
    let rules = json!([
        rule("lost", &json!({ "drop": {} })),
        rule("failed", &json!({ "status": 503 })),
        rule("twice", &json!({ "duplicate": {} })),
        rule("late", &json!({ "delayMs": 1 })),
    ]);
    let rules = serde_json::from_value(rules).unwrap();
    stage.inspector.set_faults(rules).unwrap();
    for record in ["lost", "failed", "twice", "late", "last"] {
        stage.tape.write(&format!("{record:?}"));
    }
    let mut heard = Vec::new();
    for _ in 0..4 {
        heard.push(stage.hear().await);
    }
    let batches =
        ["twice", "twice", "late", "last"].map(|text| format!(r#"{{"messages":["{text}"]}}"#));
    assert_eq!(heard, batches);
    let hits = stage.inspector.list_faults().into_iter();
    assert_eq!(hits.map(|rule| rule.hits).collect::<Vec<_>>(), [1, 1, 1, 1]);
    let traffic = stage.traffic.all();
    let lost = traffic
        .iter()
        .filter(|sighting| matches!(sighting.seen, Seen::Lost { .. }));
    assert_eq!(lost.count(), 2);
}

#[tokio::test]
async fn a_trigger_that_is_held_delivers_nothing_until_the_rules_go() {
    let mut stage = Stage::new(1, Duration::from_secs(1));
    stage.start().await;
    let hang = json!([{ "method": "DELIVER", "path": "*", "action": { "hang": {} } }]);
    let rules = serde_json::from_value(hang).unwrap();
    stage.inspector.set_faults(rules).unwrap();
    stage.tape.write("1");
    let inspector = stage.inspector.clone();
    wait_for(|| inspector.list_faults()[0].hits == 1).await;
    stage.tape.write("2");
    stage.inspector.clear_faults();
    assert_eq!(
        stage.hear().await,
        r#"{"messages":[2]}"#,
        "the batch that was held is lost"
    );
}
