//! A handler in a Node.js process of its own, called as the functions' runtime
//! calls it, without gateway and without emulator around it: what it takes is
//! the handler's, and YDB's where it asks YDB.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use wschat_tests::binaries::node;
use zip::ZipArchive;

use crate::Failure;
use crate::stage::Place;

/// How long one order may take.
const LIMIT: Duration = Duration::from_mins(3);
/// About as long as what people write.
const CONTENT: &str = "Is anybody there? I have been waiting for a while.";
/// The floor: returns what it gets.
const ECHO: &str = "exports.handler = async ({ body }) => ({ statusCode: 200, \
                    headers: { 'Content-Type': 'application/json' }, body });\n";

/// A function's files in a folder.
pub(crate) fn unpack(archive: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    std::fs::create_dir_all(folder)?;
    ZipArchive::new(File::open(archive)?)?.extract(folder)?;
    Ok(folder.join("index.js"))
}

/// A function that returns the frame, in a folder.
pub(crate) fn echo(folder: &Path) -> Result<PathBuf, Failure> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join("index.js");
    std::fs::write(&path, ECHO)?;
    Ok(path)
}

/// What one order came to.
#[derive(Debug, Deserialize)]
pub(crate) struct Outcome {
    times: Vec<u64>,
    elapsed: u64,
    processor: u64,
    /// Of the whole process afterwards, in bytes.
    pub(crate) memory: u64,
    refused: Option<String>,
}

impl Outcome {
    /// Of each call.
    pub(crate) fn times(&self) -> impl Iterator<Item = Duration> {
        self.times.iter().copied().map(Duration::from_micros)
    }

    /// Of all calls together.
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_micros(self.elapsed)
    }

    /// Processor time of the process, all its threads.
    pub(crate) fn processor(&self) -> Duration {
        Duration::from_micros(self.processor)
    }
}

/// The process.
pub(crate) struct Module {
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    token: String,
    _process: Child,
}

impl Module {
    /// Starts it with the environment that the chat's version has.
    pub(crate) fn start(handler: &Path, place: &Place) -> Result<Self, Failure> {
        let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/driver.js");
        let mut process = Command::new(node().ok_or("no Node.js in the target folder")?)
            .arg(driver)
            .arg(handler)
            .env_clear()
            .envs(&place.environment)
            .env("LOG_LEVEL", "error")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (orders, answers) = pipes.ok_or("the process has no pipes")?;
        Ok(Self {
            orders,
            answers: BufReader::new(answers).lines(),
            token: place.token.clone(),
            _process: process,
        })
    }

    /// Has each event called so often, beside the others.
    pub(crate) async fn call(&mut self, lanes: &[Value], calls: usize) -> Result<Outcome, Failure> {
        let order = json!({ "lanes": lanes, "calls": calls, "token": self.token });
        self.orders
            .write_all(format!("{order}\n").as_bytes())
            .await?;
        let line = timeout(LIMIT, self.answers.next_line()).await??;
        let outcome: Outcome = serde_json::from_str(&line.ok_or("the function's process ended")?)?;
        match &outcome.refused {
            None => Ok(outcome),
            Some(reply) => Err(format!("the function answered {reply}").into()),
        }
    }
}

/// A client's handshake.
pub(crate) fn connect(connection: &str, user: &str) -> Value {
    json!({
        "requestContext": { "connectionId": connection, "eventType": "CONNECT" },
        "queryStringParameters": { "user_id": user },
    })
}

/// A frame of a client.
pub(crate) fn message(connection: &str, message: &Value) -> Value {
    json!({
        "requestContext": { "connectionId": connection, "eventType": "MESSAGE" },
        "body": message.to_string(),
        "isBase64Encoded": false,
    })
}

/// A message to everybody, each with an id of its own.
pub(crate) fn send(connection: &str) -> Value {
    let content = json!({ "type": "SEND", "content": CONTENT, "id": "#" });
    message(connection, &content)
}
