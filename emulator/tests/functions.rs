//! Functions of a whole emulator, made over REST and called over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Cursor, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser as _;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;
use yandex_cloud_rest::auth::{AuthorizedKey, Credentials};
use yandex_cloud_rest::model::function::{
    CreateFunctionRequest, Function, SetScalingPolicyRequest,
};
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::version::{CreateVersionRequest, Resources};
use yandex_cloud_rest::{Client, Config};
use yc_emulator::args::Args;
use yc_emulator::server::Emulator;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A call with the path of a file waits until it is there; each tells the
/// process, and how many calls waited.
const CODE: &str = r"
    const fs = require('node:fs');
    let held = 0;
    exports.handler = (file) => new Promise((resolve) => {
      if (file) held += 1;
      const wait = () => !file || fs.existsSync(file)
        ? resolve({ process: process.pid, held })
        : setTimeout(wait, 5);
      wait();
    });";

struct World {
    emulator: Emulator,
    client: Client,
    http: reqwest::Client,
    function: Function,
    folder: TempDir,
}

impl World {
    /// An emulator with these switches, and a function with the tag `live`.
    async fn new(switches: &[&str]) -> Self {
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().unwrap();
        let (emulator, client) = start(&folder, switches).await;
        let mut world = Self {
            emulator,
            client,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            function: Function::default(),
            folder,
        };
        world.function = world.deploy().await;
        world
    }

    /// Another emulator in the place of this one.
    async fn restarted(self, switches: &[&str]) -> Self {
        self.emulator.stop().await;
        let (emulator, client) = start(&self.folder, switches).await;
        Self {
            emulator,
            client,
            ..self
        }
    }

    async fn deploy(&self) -> Function {
        let request = CreateFunctionRequest {
            folder_id: self.emulator.ready().folder_id.clone(),
            name: "held".to_owned(),
            ..CreateFunctionRequest::default()
        };
        let functions = self.client.functions();
        let made = functions.create(&request, Uuid::new_v4()).await.unwrap();
        let id = self.end(&made).await;
        let id = id.metadata_text("functionId").unwrap().to_owned();
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        archive
            .start_file("index.js", SimpleFileOptions::default())
            .unwrap();
        archive.write_all(CODE.as_bytes()).unwrap();
        let request = CreateVersionRequest {
            function_id: id.clone(),
            runtime: "nodejs22".to_owned(),
            entrypoint: "index.handler".to_owned(),
            resources: Resources { memory: 128 << 20 },
            execution_timeout: Some(Duration::from_secs(30).into()),
            content: Some(STANDARD.encode(archive.finish().unwrap().into_inner())),
            tag: vec!["live".to_owned()],
            concurrency: 16,
            ..CreateVersionRequest::default()
        };
        let versions = self.client.versions();
        let made = versions.create(&request, Uuid::new_v4()).await.unwrap();
        self.end(&made).await;
        functions.get(&id).await.unwrap()
    }

    async fn end(&self, operation: &Operation) -> Operation {
        let ending = async {
            loop {
                let now = self.client.operations().get(&operation.id).await.unwrap();
                if now.done {
                    assert_eq!(now.error, None);
                    return now;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ending)
            .await
            .unwrap()
    }

    fn gate(&self) -> PathBuf {
        self.folder.path().join("go")
    }

    /// A call that waits for the gate.
    async fn hold(&self, tag: &str) -> Response {
        self.call(tag, &json!(self.gate())).await
    }

    async fn call(&self, tag: &str, event: &Value) -> Response {
        let token = self.client.tokens().get().await.unwrap().value;
        let (api, id) = (&self.emulator.ready().api, &self.function.id);
        self.http
            .post(format!("{api}/invoke/{id}"))
            .query(&[("integration", "raw"), ("tag", tag)])
            .bearer_auth(token)
            .json(event)
            .send()
            .await
            .unwrap()
    }

    /// What a call that waits for nothing tells.
    async fn told(&self) -> Value {
        let answer = self.call("$latest", &Value::Null).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    /// One call in progress by the tag `live`.
    async fn limit_live(&self) {
        let policy = SetScalingPolicyRequest {
            tag: "live".to_owned(),
            zone_requests_limit: 1,
            ..SetScalingPolicyRequest::default()
        };
        let functions = self.client.functions();
        let set = functions.set_scaling_policy(&self.function.id, &policy, Uuid::new_v4());
        self.end(&set.await.unwrap()).await;
    }

    /// Waits until a call is held.
    async fn is_held(&self) {
        while self.told().await["held"] != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn advance(&self, by: &str) {
        let url = format!("{}/_emulator/clock", self.emulator.ready().api);
        let moved = self.http.put(url).json(&json!({ "advance": by }));
        moved.send().await.unwrap().error_for_status().unwrap();
    }
}

/// With these switches; its key is in the folder.
async fn start(folder: &TempDir, switches: &[&str]) -> (Emulator, Client) {
    let key = folder.path().join("key.json");
    let mut line = vec!["yc-emulator", "--operation-delay", "0s"];
    line.extend(["--listen", "127.0.0.1:0", "--ydb-listen", "127.0.0.1:0"]);
    line.extend(["--operator-key", key.to_str().unwrap()]);
    line.extend(switches);
    let args = Args::try_parse_from(line).unwrap();
    let emulator = Emulator::start(args).await.unwrap();
    let key = AuthorizedKey::read(&key).unwrap();
    let client = Client::new(Config {
        api_endpoint: emulator.ready().api.clone(),
        ..Config::new(Credentials::AuthorizedKey(Box::new(key)))
    });
    (emulator, client.unwrap())
}

#[tokio::test]
async fn a_policy_and_a_quota_refuse_what_is_too_much_with_429() {
    let world = World::new(&["--quota", "serverless.functions.concurrent-calls=2"]).await;
    world.limit_live().await;
    let id = &world.function.id;
    let refusals = async {
        world.is_held().await;
        let refused = world.hold("live").await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.headers()["x-function-id"], id.as_str());
        assert!(refused.headers().contains_key("x-request-id"));
        let body: Value = refused.json().await.unwrap();
        assert_eq!(body["errorCode"], 429);
        let full = async {
            while world.call("$latest", &Value::Null).await.status() == StatusCode::OK {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            std::fs::write(world.gate(), "").unwrap();
        };
        // It comes again when one that looks was faster.
        let second = async { while world.hold("$latest").await.status() != StatusCode::OK {} };
        tokio::join!(second, full);
    };
    let (first, ()) = tokio::join!(world.hold("live"), refusals);
    assert_eq!(first.status(), StatusCode::OK);
    world.emulator.stop().await;
}

#[tokio::test]
async fn a_policy_is_obeyed_after_a_restart() {
    let state = TempDir::new().unwrap();
    let switches = ["--state", state.path().to_str().unwrap()];
    let world = World::new(&switches).await;
    world.limit_live().await;
    let world = world.restarted(&switches).await;
    let second = async {
        world.is_held().await;
        let refused = world.hold("live").await.status();
        std::fs::write(world.gate(), "").unwrap();
        refused
    };
    let (first, second) = tokio::join!(world.hold("live"), second);
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(second, StatusCode::TOO_MANY_REQUESTS);
    world.emulator.stop().await;
}

#[tokio::test]
async fn the_clock_makes_instances_old() {
    let world = World::new(&["--function-idle-limit", "1h"]).await;
    let process = world.told().await["process"].take();
    world.advance("20m").await;
    let frozen = world.told().await["process"].take();
    assert_eq!(frozen, process, "frozen for 20 minutes");
    world.advance("1h").await;
    let ended = async {
        while std::path::Path::new(&format!("/proc/{process}")).exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(30), ended).await;
    assert!(ended.is_ok(), "reaped");
    assert_ne!(world.told().await["process"], process);
    world.emulator.stop().await;
}
