//! Instances between calls: frozen, ended when idle, ended when too large; and
//! what is told about calls.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::testing::Stage;
use super::super::{LATEST, Limits};
use super::until;

/// The state letter of a process; `T` is stopped.
fn state(process: &Value) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(") ")?;
    after_name.chars().next()
}

#[tokio::test]
async fn an_instance_is_frozen_between_calls() {
    let stage = Stage::new();
    stage
        .deploy_code("d4e1", "exports.handler = () => process.pid;")
        .await;
    let call = || stage.functions.invoke("d4e1", LATEST, Value::Null);
    let first = call().await.unwrap();
    until(|| state(&first) == Some('T')).await;
    let second = call().await.unwrap();
    assert_eq!(first, second, "the same instance goes on");
    until(|| state(&first) == Some('T')).await;
}

#[tokio::test]
async fn an_instance_is_not_frozen_under_another_call() {
    let stage = Stage::new();
    let code = r"
        const fs = require('node:fs');
        exports.handler = (file) => !file ? 'short' : new Promise((resolve) => {
          const wait = () => fs.existsSync(file) ? resolve('long') : setTimeout(wait, 5);
          wait();
        });";
    stage.deploy_code("d4e1", code).await;
    let file = stage.work.path().join("go");
    let (functions, event) = (stage.functions.clone(), json!(file));
    let long = tokio::spawn(async move { functions.invoke("d4e1", LATEST, event).await });
    let short = stage.functions.invoke("d4e1", LATEST, Value::Null);
    assert_eq!(short.await.unwrap(), "short");
    fs::write(&file, "").unwrap();
    assert_eq!(long.await.unwrap().unwrap(), "long");
}

#[tokio::test]
async fn an_idle_instance_ends_by_the_emulated_clock() {
    let stage = Stage::with_limits(Limits {
        idle: Duration::from_hours(1),
        ..Limits::default()
    });
    stage
        .deploy_code("d4e1", "exports.handler = () => process.pid;")
        .await;
    let call = || stage.functions.invoke("d4e1", LATEST, Value::Null);
    let first = call().await.unwrap();
    until(|| state(&first) == Some('T')).await;
    stage.iam.clock().advance(Duration::from_mins(20));
    assert_eq!(
        call().await.unwrap(),
        first,
        "frozen for 20 minutes, it goes on"
    );
    until(|| state(&first) == Some('T')).await;
    stage.iam.clock().advance(Duration::from_mins(59));
    assert_eq!(state(&first), Some('T'), "an hour after its last call");
    stage.iam.clock().advance(Duration::from_mins(1));
    until(|| !Path::new(&format!("/proc/{first}")).exists()).await;
    assert_ne!(call().await.unwrap(), first, "another one serves on");
}

#[tokio::test]
async fn an_instance_without_calls_is_told_that_it_ends() {
    let stage = Stage::with_limits(Limits {
        idle: Duration::from_hours(1),
        ..Limits::default()
    });
    let code = r"
        const fs = require('node:fs');
        process.on('SIGTERM', () => fs.writeFileSync(globalThis.file, 'told'));
        exports.handler = (file) => { globalThis.file = file; return process.pid; };";
    stage.deploy_code("d4e1", code).await;
    let file = stage.work.path().join("told");
    let call = stage.functions.invoke("d4e1", LATEST, json!(file));
    let process = call.await.unwrap();
    until(|| state(&process) == Some('T')).await;
    stage.iam.clock().advance(Duration::from_hours(1));
    // It doesn't end by itself.
    until(|| !Path::new(&format!("/proc/{process}")).exists()).await;
    assert_eq!(fs::read_to_string(&file).unwrap(), "told");
}

#[tokio::test]
async fn an_instance_that_needs_too_much_memory_ends() {
    let stage = Stage::new();
    let code = r"
        exports.handler = (event) => event !== 'much' ? 'fine' : new Promise(() => {
          globalThis.kept = Buffer.alloc(300 << 20, 1);
        });";
    stage.deploy_code("d4e1", code).await;
    let call = |event: &str| stage.functions.invoke("d4e1", LATEST, json!(event));
    let error = call("much").await.unwrap_err().to_string();
    assert!(error.contains("out of memory"), "{error}");
    assert!(error.contains("of 128 MiB"), "{error}");
    assert_eq!(call("little").await.unwrap(), "fine");
}

#[tokio::test]
async fn calls_and_their_lines_are_told() {
    let stage = Stage::new();
    let code = r"
        exports.handler = (event, context) => {
          console.log(`hello ${context.requestId}`);
          if (event === 'throw') throw new Error('on purpose');
          return context.requestId;
        };";
    stage.deploy_code("d4e1", code).await;
    stage.deploy_code("d4e2", code).await;
    let call = |function, event: &str| stage.functions.invoke(function, LATEST, json!(event));
    let id = call("d4e1", "fine").await.unwrap();
    call("d4e1", "throw").await.unwrap_err();
    call("d4e2", "fine").await.unwrap();
    let story = || stage.functions.story(Some("d4e1"));
    until(|| story().lines.len() == 2).await;
    let story = story();
    assert_eq!(story.calls.len(), 2, "another function's are left out");
    assert_eq!(json!(story.calls[0].request_id), id);
    assert_eq!(story.calls[0].version_id, "d4e1-version");
    assert_eq!(story.calls[0].error, None);
    assert!(story.calls[0].millis.is_some());
    let error = story.calls[1].error.as_deref();
    assert_eq!(error, Some("Error: on purpose"));
    let first = &story.lines[0];
    assert_eq!(
        json!(first.text),
        json!(format!("hello {}", story.calls[0].request_id))
    );
    assert_eq!(first.request_ids, [story.calls[0].request_id.clone()]);
}
