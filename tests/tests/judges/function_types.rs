//! Events and contexts that functions got, held by the TypeScript compiler
//! against the official types of functions.

use std::os::unix::fs::symlink;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use uuid::Uuid;
use wschat_tests::binaries::node;
use wschat_tests::cloud::Cloud;
use wschat_tests::judge;
use wschat_tests::program::Program;
use wschat_tests::wait::eventually;
use yandex_cloud_rest::model::function::Function;
use yandex_cloud_rest::model::trigger::{
    CreateTriggerRequest, DataStream, InvokeFunctionWithRetry, Rule,
};

use crate::stage::{Stage, trial};
use crate::typescript;

const JUDGE: &str = "function-types";
const CODE: &str = include_str!("../../judges/function-types/record.js");
const TOPIC: &str = "records";
const LIMIT: Duration = Duration::from_secs(30);

/// The order of calls, and what they must be.
const EVENTS: [&str; 7] = [
    "Direct",
    "Format0Event",
    "Format1Event",
    "Connect",
    "Message",
    "Disconnect",
    "Trigger",
];

pub(crate) fn trial_of_events() -> Trial {
    trial(JUDGE, judge)
}

async fn judge(stage: Stage) -> Result<Stage, Failed> {
    let cloud = Cloud::of(stage.emulator.addresses())?;
    let recorder = Recorder::make(&stage, &cloud).await?;
    recorder.call_directly().await?;
    recorder.call_through_gateway().await?;
    recorder.converse().await?;
    recorder.write(&stage).await?;
    let mut program = typescript::Program::new("./events");
    for (kind, record) in EVENTS.iter().zip(recorder.recorded(EVENTS.len()).await?) {
        program.fits(kind, &record["event"]);
        program.fits("Context", &record["context"]);
    }
    let anonymous = recorder.without_account().await?;
    program.fits("Direct", &anonymous["event"]);
    program.fits("ContextWithoutToken", &anonymous["context"]);
    compile(&stage, &program).await?;
    Ok(stage)
}

/// The packages are found beside the program, as everywhere.
async fn compile(stage: &Stage, program: &typescript::Program) -> Result<(), Failed> {
    let packages = judge::npm_packages(JUDGE)?;
    let folder = stage.folder.join("types");
    std::fs::create_dir(&folder)?;
    symlink(&packages, folder.join("node_modules"))?;
    std::fs::copy(
        judge::folder(JUDGE).join("events.ts"),
        folder.join("events.ts"),
    )?;
    let recorded = folder.join("recorded.ts");
    std::fs::write(&recorded, program.text())?;
    let compiler = packages.join("typescript/bin/tsc");
    let settings = ["--noEmit", "--strict", "--module", "esnext"];
    let node = node().ok_or("Node.js is not there; install it with `cargo xtask tools`")?;
    let arguments = settings.map(Into::into).into_iter();
    let arguments = std::iter::once(compiler).chain(arguments);
    let arguments = arguments.chain(["--moduleResolution".into(), "bundler".into(), recorded]);
    Program::new(node).run(arguments).await?;
    Ok(())
}

/// A function that keeps what it got, and all the ways to call it.
struct Recorder<'a> {
    cloud: &'a Cloud,
    token: String,
    function: Function,
    domain: String,
}

impl<'a> Recorder<'a> {
    async fn make(stage: &Stage, cloud: &'a Cloud) -> Result<Self, Failed> {
        let account = cloud.account();
        let function = cloud.function("recorder", CODE, Some(account)).await?;
        cloud.let_call(&function.id, account).await?;
        let (_, domain) = cloud
            .gateway("recorder", &paths(&function.id, account))
            .await?;
        let trigger = trigger(stage, cloud, &function.id);
        let triggers = cloud.client().triggers();
        let operation = triggers.create(&trigger, Uuid::new_v4()).await?;
        cloud.end(&operation).await?;
        Ok(Self {
            cloud,
            token: cloud.client().tokens().get().await?.value,
            function,
            domain,
        })
    }

    async fn call(&self, url: &str, body: &Value) -> Result<Value, Failed> {
        let request = reqwest::Client::new().post(url).json(body);
        let answer = request.bearer_auth(&self.token).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    async fn call_directly(&self) -> Result<(), Failed> {
        let url = format!("{}?a=1&a=2", self.function.http_invoke_url);
        self.call(&url, &json!({ "b": 1 })).await.map(drop)
    }

    async fn call_through_gateway(&self) -> Result<(), Failed> {
        for format in ["0", "1"] {
            let url = format!("http://{}/format/{format}/ann?seat=4", self.domain);
            self.call(&url, &json!({ "b": 1 })).await?;
        }
        Ok(())
    }

    /// CONNECT, MESSAGE, DISCONNECT.
    async fn converse(&self) -> Result<(), Failed> {
        let url = format!("ws://{}/ws?seat=4", self.domain);
        let (mut client, _) = connect_async(url).await?;
        client.send(Message::text("hello")).await?;
        // The reply to CONNECT, then the one to the message.
        for _ in 0..2 {
            let reply = tokio::time::timeout(LIMIT, client.next()).await?;
            reply.ok_or("the socket closed before its reply")??;
        }
        let frame = CloseFrame {
            code: CloseCode::Library(4001),
            reason: "bye".into(),
        };
        client.close(Some(frame)).await?;
        // A socket's end is told later; the trigger's call is to come after it.
        self.recorded(6).await.map(drop)
    }

    /// The trigger is older than the topic, so that it misses nothing.
    async fn write(&self, stage: &Stage) -> Result<(), Failed> {
        let python = stage.told(judge::python("python-ydb")?);
        let script = judge::folder(JUDGE).join("write.py");
        let records = [TOPIC, r#"{"key":"value"}"#];
        let arguments = std::iter::once(script).chain(records.map(Into::into));
        python.run(arguments).await?;
        Ok(())
    }

    /// All records, once there are so many.
    async fn recorded(&self, most: usize) -> Result<Vec<Value>, Failed> {
        let url = format!("{}?integration=raw", self.function.http_invoke_url);
        let what = format!("the function to get {most} calls");
        let recorded = eventually(what, LIMIT, || async {
            let records = self.call(&url, &json!("recorded")).await;
            let records = records.map_err(|failed| format!("{failed:?}"))?;
            match records.as_array() {
                Some(records) if records.len() == most => Ok(records.clone()),
                _ => Err(format!("it got {records}")),
            }
        });
        Ok(recorded.await?)
    }

    /// What a function gets whose version has no account.
    async fn without_account(&self) -> Result<Value, Failed> {
        let function = self.cloud.function("anonymous", CODE, None).await?;
        self.cloud
            .let_call(&function.id, self.cloud.account())
            .await?;
        let url = function.http_invoke_url;
        self.call(&url, &json!({})).await?;
        let raw = format!("{url}?integration=raw");
        let mut records = self.call(&raw, &json!("recorded")).await?;
        Ok(records[0].take())
    }
}

fn paths(function: &str, account: &str) -> Value {
    let operation = |format: Option<&str>| {
        let mut integration = json!({
            "type": "cloud_functions",
            "function_id": function,
            "service_account_id": account,
        });
        if let Some(format) = format {
            integration["payload_format_version"] = json!(format);
        }
        json!({
            "parameters": [{ "name": "seat", "in": "query", "schema": { "type": "string" } }],
            "x-yc-apigateway-integration": integration,
        })
    };
    json!({
        "/format/0/{name}": { "post": operation(None) },
        "/format/1/{name}": { "post": operation(Some("1.0")) },
        "/ws": {
            "x-yc-apigateway-websocket-connect": operation(Some("1.0")),
            "x-yc-apigateway-websocket-message": operation(Some("1.0")),
            "x-yc-apigateway-websocket-disconnect": operation(Some("1.0")),
        },
    })
}

fn trigger(stage: &Stage, cloud: &Cloud, function: &str) -> CreateTriggerRequest {
    let action = InvokeFunctionWithRetry {
        function_id: function.to_owned(),
        service_account_id: cloud.account().to_owned(),
        ..InvokeFunctionWithRetry::default()
    };
    let stream = DataStream {
        database: stage.database.clone(),
        stream: TOPIC.to_owned(),
        service_account_id: cloud.account().to_owned(),
        invoke_function: Some(action),
        ..DataStream::default()
    };
    CreateTriggerRequest {
        folder_id: cloud.folder().to_owned(),
        name: "recorder".to_owned(),
        rule: Rule {
            data_stream: Some(stream),
        },
        ..CreateTriggerRequest::default()
    }
}
