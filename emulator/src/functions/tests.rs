mod archives;
mod faults;
mod http;
mod lifecycle;
mod scaling;

use std::fs;
use std::path::Path;
use std::time::Duration;

use ::http::StatusCode;
use serde_json::{Value, json};

use super::testing::Stage;
use super::{InvokeError, LATEST, Limits};

const ECHO: &str = "exports.handler = async (event, context) => ({ event, context, left: context.getRemainingTimeInMillis(), payload: context.getPayload() });";

#[tokio::test]
async fn a_call_gets_the_documented_context_and_nothing_of_our_environment() {
    let stage = Stage::new();
    let code = r"
        exports.handler = async (event, context) => ({
          event,
          context: JSON.parse(JSON.stringify(context)),
          left: context.getRemainingTimeInMillis(),
          payload: context.getPayload(),
          environment: process.env,
          folder: process.cwd(),
        });";
    stage.deploy_code("d4e1", code).await;
    let result = stage
        .functions
        .invoke("d4e1", LATEST, json!({ "a": [1, null] }))
        .await
        .unwrap();
    assert_eq!(result["event"], json!({ "a": [1, null] }));
    assert_eq!(result["payload"], json!({ "a": [1, null] }));
    let context = &result["context"];
    assert_eq!(context["functionName"], "d4e1");
    assert_eq!(context["functionVersion"], "d4e1-version");
    assert_eq!(context["memoryLimitInMB"], "128");
    assert_eq!(context["token"]["token_type"], "Bearer");
    let token = context["token"]["access_token"].as_str();
    assert_eq!(stage.iam.authenticate(token).unwrap().id, stage.account);
    let left = result["left"].as_u64().unwrap();
    assert!((50_000..=60_000).contains(&left), "{left}");

    let names: Vec<&str> = result["environment"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let known = [
        "GREETING",
        "LAMBDA_TASK_ROOT",
        "LD_LIBRARY_PATH",
        "PATH",
        "YC_METADATA_ADDR",
        "_HANDLER",
    ];
    assert_eq!(names, known);
    assert_eq!(result["folder"], result["environment"]["LAMBDA_TASK_ROOT"]);

    let again = stage
        .functions
        .invoke("d4e1", LATEST, Value::Null)
        .await
        .unwrap();
    assert_ne!(again["context"]["requestId"], context["requestId"]);
}

#[tokio::test]
async fn two_calls_overlap_in_one_instance() {
    let stage = Stage::new();
    // Each call waits until the other one is there.
    let code = r"
        let release;
        const both = new Promise((resolve) => { release = resolve; });
        let running = 0;
        exports.handler = async () => {
          running += 1;
          if (running === 2) release();
          await both;
          return process.pid;
        };";
    stage.deploy_code("d4e1", code).await;
    let call = || stage.functions.invoke("d4e1", LATEST, Value::Null);
    let (first, second) = tokio::join!(call(), call());
    assert_eq!(first.unwrap(), second.unwrap());
}

#[tokio::test]
async fn a_busy_instance_is_joined_by_another_and_then_calls_queue_and_then_they_fail() {
    let stage = Stage::with_limits(Limits {
        instances: 2,
        calls: 3,
        ..Limits::default()
    });
    let code = r"
        const fs = require('node:fs');
        exports.handler = (folder) => new Promise((resolve) => {
          fs.writeFileSync(`${folder}/${process.pid}`, '');
          const wait = () => fs.existsSync(`${folder}/go`) ? resolve(process.pid) : setTimeout(wait, 5);
          wait();
        });";
    let mut deployment = stage.deployment("d4e1", code);
    deployment.concurrency = 1;
    stage.deploy(deployment).await;
    let folder = stage.work.path().join("flags");
    fs::create_dir(&folder).unwrap();
    let call = || {
        let (functions, event) = (stage.functions.clone(), json!(folder));
        tokio::spawn(async move { functions.invoke("d4e1", LATEST, event).await })
    };
    let first = [call(), call()];
    until(|| fs::read_dir(&folder).unwrap().count() == 2).await;
    // One of these waits and counts as a call in progress, so that the other one
    // is one too many: it fails while everybody else is still held.
    let (refused, _, waiting) = futures::future::select_all([call(), call()]).await;
    assert_eq!(
        refused.unwrap(),
        Err(InvokeError::TooManyCalls("d4e1".to_owned()))
    );
    fs::write(folder.join("go"), "").unwrap();
    let mut pids = Vec::new();
    for call in first {
        pids.push(call.await.unwrap().unwrap());
    }
    assert_ne!(pids[0], pids[1]);
    let [waited] = <[_; 1]>::try_from(waiting).unwrap();
    let waited = waited.await.unwrap().unwrap();
    assert!(pids.contains(&waited), "the queued call reuses an instance");
}

#[tokio::test]
async fn one_timeout_ends_every_call_of_the_instance() {
    let stage = Stage::new();
    let code = r"
        exports.handler = (event) => event === 'pid' ? process.pid : new Promise(() => {});";
    let mut deployment = stage.deployment("d4e1", code);
    // Loading counts to it, on a busy machine too.
    let limit = Duration::from_secs(2);
    deployment.timeout = limit;
    stage.deploy(deployment).await;
    let call = |event: &str| stage.functions.invoke("d4e1", LATEST, json!(event));
    let pid = call("pid").await.unwrap();
    let (first, second) = tokio::join!(call("hang"), call("hang"));
    let timeout = InvokeError::Timeout(limit);
    assert_eq!((first, second), (Err(timeout.clone()), Err(timeout)));
    let process = format!("/proc/{pid}");
    until(|| !Path::new(&process).exists()).await;
    assert_ne!(
        call("pid").await.unwrap(),
        pid,
        "the next call gets a new instance"
    );
}

#[tokio::test]
async fn loading_the_handler_counts_to_the_time_of_the_first_call() {
    let stage = Stage::new();
    let code = r"
        const end = Date.now() + 60000;
        while (Date.now() < end);
        exports.handler = () => 'late';";
    let mut deployment = stage.deployment("d4e1", code);
    deployment.timeout = Duration::from_millis(200);
    stage.deploy(deployment).await;
    let late = stage.functions.invoke("d4e1", LATEST, Value::Null).await;
    let timeout = InvokeError::Timeout(Duration::from_millis(200));
    assert_eq!(late, Err(timeout));
}

#[tokio::test]
async fn failures_look_as_documented() {
    let stage = Stage::new();
    let code = r"
        exports.handler = async (event) => {
          if (event === 'throw') throw new RangeError('too far');
          if (event === 'crash') process.exit(3);
          if (event === 'circular') { const a = {}; a.a = a; return a; }
        };";
    stage.deploy_code("d4e1", code).await;
    let call = |event: &str| stage.functions.invoke("d4e1", LATEST, json!(event));
    let thrown = call("throw").await.unwrap_err();
    assert_eq!(thrown.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(thrown.body()["errorType"], "RangeError");
    assert_eq!(thrown.body()["errorMessage"], "too far");
    let malformed = call("circular").await.unwrap_err();
    assert_eq!(malformed.body()["errorType"], "ProxyIntegrationError");
    let expected = "Malformed serverless function response: not a valid json";
    assert_eq!(malformed.body()["errorMessage"], expected);
    let crashed = call("crash").await.unwrap_err();
    assert_eq!(crashed.body()["errorType"], "ProcessExited");
    assert!(crashed.to_string().contains("exit status: 3"), "{crashed}");
    assert_eq!(
        call("fine").await.unwrap(),
        Value::Null,
        "a new instance serves on"
    );
}

#[tokio::test]
async fn a_handler_that_cannot_load_fails_its_calls() {
    let stage = Stage::new();
    stage
        .deploy_code("d4e1", "throw new TypeError('no luck');")
        .await;
    let error = stage
        .functions
        .invoke("d4e1", LATEST, Value::Null)
        .await
        .unwrap_err();
    assert_eq!(error.body()["errorType"], "TypeError");
    stage.deploy_code("d4e2", "exports.other = 1;").await;
    let error = stage
        .functions
        .invoke("d4e2", LATEST, Value::Null)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("exports no function handler"),
        "{error}"
    );
}

#[tokio::test]
async fn the_metadata_service_gives_tokens_to_who_asks_properly() {
    let stage = Stage::new();
    let code = r"
        exports.handler = async (headers) => {
          const path = '/computeMetadata/v1/instance/service-accounts/default/token';
          const reply = await fetch(`http://${process.env.YC_METADATA_ADDR}${path}`, { headers });
          return { status: reply.status, body: await reply.text() };
        };";
    stage.deploy_code("d4e1", code).await;
    let mut anonymous = stage.deployment("d4e2", code);
    anonymous.service_account_id = None;
    stage.deploy(anonymous).await;
    let mut closed = stage.deployment("d4e3", code);
    closed.metadata = false;
    stage.deploy(closed).await;
    let flavor = json!({ "Metadata-Flavor": "Google" });

    let given = stage
        .functions
        .invoke("d4e1", LATEST, flavor.clone())
        .await
        .unwrap();
    let body: Value = serde_json::from_str(given["body"].as_str().unwrap()).unwrap();
    let token = body["access_token"].as_str();
    assert_eq!(stage.iam.authenticate(token).unwrap().id, stage.account);
    let careless = stage
        .functions
        .invoke("d4e1", LATEST, json!({}))
        .await
        .unwrap();
    assert_eq!(careless["status"], 403);
    for function in ["d4e2", "d4e3"] {
        let call = stage.functions.invoke(function, LATEST, flavor.clone());
        let reply = call.await.unwrap();
        assert_eq!(reply["status"], 404, "no account, or switched off");
    }
}

#[tokio::test]
async fn tags_choose_the_version_and_shutdown_leaves_no_process() {
    let stage = Stage::new();
    stage
        .deploy_code("d4e1", "exports.handler = () => ['old', process.pid];")
        .await;
    let mut newer = stage.deployment("d4e1", "exports.handler = () => ['new', process.pid];");
    newer.version_id = "newer".to_owned();
    stage.functions.deploy(newer).await.unwrap();
    stage.functions.set_tag("d4e1", "live", "newer");
    let latest = stage
        .functions
        .invoke("d4e1", LATEST, Value::Null)
        .await
        .unwrap();
    let live = stage
        .functions
        .invoke("d4e1", "live", Value::Null)
        .await
        .unwrap();
    assert_eq!((&latest[0], &live[0]), (&json!("old"), &json!("new")));

    stage.functions.delete_version("d4e1", "newer").await;
    let gone = stage
        .functions
        .invoke("d4e1", "live", Value::Null)
        .await
        .unwrap_err();
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    stage.functions.shutdown().await;
    for pid in [&latest[1], &live[1]] {
        assert!(
            !Path::new(&format!("/proc/{pid}")).exists(),
            "{pid} runs on"
        );
    }
    let late = stage
        .functions
        .invoke("d4e1", LATEST, Value::Null)
        .await
        .unwrap_err();
    assert_eq!(late.status(), StatusCode::SERVICE_UNAVAILABLE);
}

/// Waits for a condition that nothing announces.
async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting)
        .await
        .unwrap();
}
