//! Triggers that call functions.

use std::time::Duration;

use super::Stage;
use crate::traffic::Seen;

#[tokio::test]
async fn a_function_is_called_with_a_batch_once() {
    let mut stage = Stage::new(5, Duration::from_hours(1)).calls(0, 0);
    stage.start().await;
    for record in [r#"{"a":1}"#, "22", "333"] {
        stage.tape.write(record);
    }
    assert_eq!(stage.hear().await, r#"{"messages":[{"a":1}]}"#);
    assert_eq!(stage.hear().await, r#"{"messages":[22,333]}"#);
    let did = stage.did(2).await;
    assert!(
        matches!(
            &did[1],
            Seen::Invoked {
                below: 3,
                retries: 0,
                ..
            }
        ),
        "{did:?}"
    );
}

#[tokio::test]
async fn a_failed_call_is_repeated_as_often_and_as_late_as_was_set() {
    let mut stage = Stage::new(1, Duration::from_secs(1)).calls(2, 5);
    stage.start().await;
    stage.tape.write("1");
    stage.tape.write("2");
    for _ in 0..2 {
        assert_eq!(stage.hear().await, r#"{"messages":[1]}"#);
        assert!(stage.heard.try_recv().is_err(), "ten seconds later at best");
        stage.clock.advance(Duration::from_secs(10));
    }
    assert_eq!(stage.hear().await, r#"{"messages":[1]}"#);
    assert_eq!(
        stage.hear().await,
        r#"{"messages":[2]}"#,
        "the next one's turn"
    );
    let did = stage.did(1).await;
    assert!(matches!(&did[0], Seen::Lost { .. }), "dropped: {did:?}");
    for _ in 0..2 {
        stage.clock.advance(Duration::from_secs(10));
        assert_eq!(stage.hear().await, r#"{"messages":[2]}"#);
    }
    let did = stage.did(2).await;
    assert!(
        matches!(&did[1], Seen::Invoked { retries: 2, .. }),
        "{did:?}"
    );
}

#[tokio::test]
async fn a_trigger_that_was_paused_while_it_tried_again_tries_again_when_it_resumes() {
    let mut stage = Stage::new(1, Duration::from_secs(1)).calls(5, 1);
    stage.start().await;
    stage.tape.write("1");
    assert_eq!(stage.hear().await, r#"{"messages":[1]}"#);
    stage.triggers.stop("a1s1");
    stage.start().await;
    assert_eq!(stage.hear().await, r#"{"messages":[1]}"#);
    let did = stage.did(1).await;
    assert!(matches!(&did[0], Seen::Invoked { .. }), "{did:?}");
}
