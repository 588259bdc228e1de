//! Policies of tags, quotas of a zone, instances that are kept ready.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::http::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::super::testing::Stage;
use super::super::{InvokeError, LATEST, Limits};
use super::until;
use crate::cloud::plane::Scaling;

/// Held calls leave a file each, and go on when there is a file `go`.
const HELD: &str = r"
    const fs = require('node:fs');
    let number = 0;
    exports.handler = (folder) => folder === null ? process.pid : new Promise((resolve) => {
      fs.writeFileSync(`${folder}/${process.pid}-${number++}`, '');
      const wait = () => fs.existsSync(`${folder}/go`) ? resolve(process.pid) : setTimeout(wait, 5);
      wait();
    });";

type Outcome = Result<Value, InvokeError>;

/// Functions of one call an instance.
struct Scene {
    stage: Stage,
    folder: PathBuf,
}

impl Scene {
    async fn of(functions: &[&str], limits: Limits) -> Self {
        let stage = Stage::with_limits(limits);
        for function in functions {
            let mut deployment = stage.deployment(function, HELD);
            deployment.concurrency = 1;
            stage.deploy(deployment).await;
        }
        let folder = stage.work.path().join("held");
        fs::create_dir(&folder).unwrap();
        Self { stage, folder }
    }

    fn call(&self, function: &str, tag: &str) -> JoinHandle<Outcome> {
        let functions = self.stage.functions.clone();
        let (function, tag) = (function.to_owned(), tag.to_owned());
        let event = json!(self.folder);
        tokio::spawn(async move { functions.invoke(&function, &tag, event).await })
    }

    async fn pid(&self, function: &str) -> Value {
        let call = self.stage.functions.invoke(function, LATEST, Value::Null);
        call.await.unwrap()
    }

    /// Waits until so many calls run.
    async fn held(&self, most: usize) {
        until(|| fs::read_dir(&self.folder).unwrap().count() == most).await;
    }

    fn go(&self) {
        fs::write(self.folder.join("go"), "").unwrap();
    }
}

fn limited(instances: usize, requests: usize) -> Scaling {
    Scaling {
        instances: Some(instances),
        requests: Some(requests),
        provisioned: 0,
    }
}

#[tokio::test]
async fn a_policy_limits_instances_and_then_calls_queue_and_then_they_fail() {
    let scene = Scene::of(&["d4e1"], Limits::default()).await;
    let functions = &scene.stage.functions;
    functions.set_tag("d4e1", "live", "d4e1-version");
    functions.scale("d4e1", "live", limited(1, 2));
    let first = scene.call("d4e1", "live");
    scene.held(1).await;
    let second = scene.call("d4e1", "live");
    // It is counted when it begins, before it waits.
    tokio::task::yield_now().await;
    let third = scene.call("d4e1", "live").await.unwrap().unwrap_err();
    assert_eq!(third, InvokeError::TooManyCalls("d4e1".to_owned()));
    assert_eq!(third.status(), StatusCode::TOO_MANY_REQUESTS);
    let other = scene.call("d4e1", LATEST);
    scene.held(2).await;
    assert!(!second.is_finished(), "queued while the other tag scales");
    scene.go();
    let first = first.await.unwrap().unwrap();
    let second = second.await.unwrap().unwrap();
    let other = other.await.unwrap().unwrap();
    assert!(
        [&first, &other].contains(&&second),
        "no instance of its own"
    );
    functions.scale("d4e1", "live", Scaling::default());
    scene.call("d4e1", "live").await.unwrap().unwrap();
}

#[tokio::test]
async fn the_quota_of_calls_is_one_for_all_functions() {
    let limits = Limits {
        calls: 1,
        ..Limits::default()
    };
    let scene = Scene::of(&["d4e1", "d4e2"], limits).await;
    let first = scene.call("d4e1", LATEST);
    scene.held(1).await;
    let refused = scene.call("d4e2", LATEST).await.unwrap();
    assert_eq!(refused, Err(InvokeError::TooManyCalls("d4e2".to_owned())));
    scene.go();
    first.await.unwrap().unwrap();
    scene.call("d4e2", LATEST).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_frozen_instance_makes_room_for_another_function_and_a_busy_one_is_waited_for() {
    let limits = Limits {
        instances: 1,
        ..Limits::default()
    };
    let scene = Scene::of(&["d4e1", "d4e2"], limits).await;
    let idle = scene.pid("d4e1").await;
    let busy = scene.call("d4e2", LATEST);
    scene.held(1).await;
    assert!(!Path::new(&format!("/proc/{idle}")).exists());
    let waiting = scene.call("d4e1", LATEST);
    scene.go();
    let busy = busy.await.unwrap().unwrap();
    let waited = waiting.await.unwrap().unwrap();
    assert_ne!(busy, waited);
    assert!(!Path::new(&format!("/proc/{busy}")).exists());
}

#[tokio::test]
async fn provisioned_instances_are_ready_before_a_call_and_live_on_without_one() {
    let scene = Scene::of(&["d4e1"], Limits::default()).await;
    let code = "console.log(`loaded ${process.pid}`); exports.handler = () => process.pid;";
    scene.stage.deploy_code("d4e1", code).await;
    let one = Scaling {
        provisioned: 1,
        ..Scaling::default()
    };
    scene.stage.functions.scale("d4e1", LATEST, one);
    let loaded = || -> Vec<String> {
        let lines = scene.stage.functions.story(Some("d4e1")).lines;
        lines.into_iter().map(|line| line.text).collect()
    };
    until(|| loaded().len() == 1).await;
    let pid = scene.pid("d4e1").await;
    assert_eq!(loaded(), [format!("loaded {pid}")], "it is the one called");
    scene.stage.iam.clock().advance(Duration::from_hours(24));
    assert_eq!(scene.pid("d4e1").await, pid, "it isn't idle, it is kept");
    let process = i32::try_from(pid.as_i64().unwrap()).unwrap();
    let process = rustix::process::Pid::from_raw(process).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
    until(|| loaded().len() == 2).await;
    scene
        .stage
        .functions
        .scale("d4e1", LATEST, Scaling::default());
    let pid = scene.pid("d4e1").await;
    scene.stage.iam.clock().advance(Duration::from_hours(24));
    until(|| !Path::new(&format!("/proc/{pid}")).exists()).await;
}
