//! The emulated cloud as a process, and what it tells about itself.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use crate::binaries::{Binary, BinaryMissing};
use crate::process::{Launch, Process, ProcessError, Signal};

mod faults;
mod inside;
mod state;

pub use faults::{Action, Cut, Fault, Phase};
pub use inside::{Call, TopicRecord};
pub use state::State;

/// It is ready in under a second on an idle machine.
const READY_LIMIT: Duration = Duration::from_secs(30);
const END_LIMIT: Duration = Duration::from_secs(10);

/// The emulator did not start, or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// Not built.
    #[error(transparent)]
    Missing(#[from] BinaryMissing),
    /// Not running.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Its first line is not what it should be.
    #[error("yc-emulator printed {line:?} where its addresses were due: {source}")]
    Ready {
        /// The line.
        line: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Its records could not be kept.
    #[error("cannot write {}: {source}", path.display())]
    Records {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The certificate that it says to trust is none.
    #[error("yc-emulator's certificate authority in {}: {reason}", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No or a bad answer.
    #[error("yc-emulator: {method} {url}: {source}")]
    Call {
        /// HTTP method.
        method: &'static str,
        /// Where.
        url: String,
        /// What is wrong.
        source: reqwest::Error,
    },
}

/// Where it listens and what it made, as it prints when it is ready.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Addresses {
    /// REST endpoint, for `--api-endpoint`.
    pub api: String,
    /// YDB endpoint.
    pub ydb: String,
    /// The folder that chats live in.
    pub folder_id: String,
    /// The cloud of that folder.
    pub cloud_id: String,
    /// Key file of an account with an operator's roles.
    pub operator_key: Option<PathBuf>,
    /// Key file of an account with the role admin, when one was asked for.
    pub admin_key: Option<PathBuf>,
    /// With TLS: the certificate to trust, in PEM.
    pub certificate_authority: Option<PathBuf>,
}

/// A call that the emulator got.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    /// Grows with every call.
    pub sequence: u64,
    /// HTTP method.
    pub method: String,
    /// Path without query.
    pub path: String,
    /// Query, maybe empty.
    pub query: Value,
    /// Whether it is a gRPC call.
    pub grpc: bool,
    /// HTTP status of the answer.
    pub status: Value,
    /// Who called.
    pub subject: Option<String>,
    /// Header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// What was sent.
    pub request_body: Value,
    /// What was answered.
    pub response_body: Value,
    /// Whether such a call changes anything.
    pub mutating: bool,
}

/// How to start it: on free ports, with operations that end at once, unless
/// told otherwise.
#[derive(Debug, Clone)]
pub struct Options {
    name: String,
    arguments: Vec<String>,
    operation_delay: String,
    tls: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "emulator".to_owned(),
            arguments: Vec::new(),
            operation_delay: "0s".to_owned(),
            tls: false,
        }
    }
}

impl Options {
    /// How long operations take: `0s`, or a range as `300ms..1500ms`.
    #[must_use]
    pub fn operation_delay(mut self, delay: &str) -> Self {
        delay.clone_into(&mut self.operation_delay);
        self
    }

    /// Serves everything over TLS.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Names its files in the run folder.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

/// A running emulator.
#[derive(Debug)]
pub struct Emulator {
    process: Process,
    addresses: Addresses,
    started_in: Duration,
    http: reqwest::Client,
    records: PathBuf,
}

/// What the names of files with recorded calls end with.
pub const RECORDS: &str = "-requests.jsonl";
/// What the name of an emulator's key file ends with; each has one.
pub const KEY: &str = "-operator-key.json";

impl Emulator {
    /// Starts it with its files in `folder`. It is ready on return.
    pub async fn start(folder: &Path, options: &Options) -> Result<Self, EmulatorError> {
        let key = folder.join(format!("{}{KEY}", options.name));
        let mut launch = Launch::new(&options.name, Binary::Emulator.path()?)
            .arguments(["--listen", "127.0.0.1:0", "--ydb-listen", "127.0.0.1:0"])
            .arguments(["--operation-delay", &options.operation_delay])
            .argument("--operator-key")
            .argument(&key);
        if options.tls {
            let authority = folder.join(format!("{}-authority.pem", options.name));
            launch = launch.argument("--tls").argument(authority);
        }
        if let Some(node) = crate::binaries::node() {
            launch = launch.argument("--node").argument(node);
        }
        let start = Instant::now();
        let mut process = launch.arguments(&options.arguments).start(folder)?;
        let line = process.first_line(READY_LIMIT).await?;
        let started_in = start.elapsed();
        let addresses: Addresses =
            serde_json::from_str(&line).map_err(|source| EmulatorError::Ready { line, source })?;
        let http = client(addresses.certificate_authority.as_deref())?;
        Ok(Self {
            process,
            addresses,
            started_in,
            http,
            records: folder.join(format!("{}{RECORDS}", options.name)),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// How long it took until it said that it was ready.
    #[must_use]
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Everything that exists in it.
    pub async fn state(&self) -> Result<State, EmulatorError> {
        self.get("/_emulator/state").await
    }

    /// The calls that it got, oldest first; only one account's when given.
    pub async fn requests(&self, subject: Option<&str>) -> Result<Vec<Request>, EmulatorError> {
        match subject {
            None => self.get("/_emulator/requests").await,
            Some(id) => self.get(&format!("/_emulator/requests?subject={id}")).await,
        }
    }

    /// Replaces its faults by these.
    pub async fn set_faults(&self, faults: &[Fault]) -> Result<(), EmulatorError> {
        let url = self.url("/_emulator/faults");
        let call = self.http.put(&url).json(faults);
        send(call, "PUT", url).await.map(drop)
    }

    /// How often each of its faults struck, in the order that they were given.
    pub async fn fault_hits(&self) -> Result<Vec<u64>, EmulatorError> {
        let faults: Vec<Value> = self.get("/_emulator/faults").await?;
        let hits = |fault: &Value| fault["hits"].as_u64().unwrap_or_default();
        Ok(faults.iter().map(hits).collect())
    }

    /// Removes all faults and releases the calls that hang.
    pub async fn clear_faults(&self) -> Result<(), EmulatorError> {
        let url = self.url("/_emulator/faults");
        send(self.http.delete(&url), "DELETE", url).await.map(drop)
    }

    /// Cuts the connections that clients of YDB have now.
    pub async fn cut_ydb_connections(&self, how: Cut) -> Result<(), EmulatorError> {
        let how = match how {
            Cut::Reset => "reset",
            Cut::Silence => "silence",
        };
        let url = self.url(&format!("/_emulator/ydb/connections?how={how}"));
        send(self.http.delete(&url), "DELETE", url).await.map(drop)
    }

    /// Any GET of its REST surface or of `/_emulator/`.
    pub async fn get<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<T, EmulatorError> {
        let url = self.url(path);
        let answer = send(self.http.get(&url), "GET", url.clone()).await?;
        read(answer, url).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.addresses.api)
    }

    /// The process id of its guard, whose only child it is.
    #[must_use]
    pub fn guard_id(&self) -> u32 {
        self.process.guard_id()
    }

    /// The process, for signals and for its log.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Sends a signal.
    pub fn signal(&mut self, signal: Signal) -> Result<(), EmulatorError> {
        Ok(self.process.signal(signal)?)
    }

    /// Keeps the calls that it got in `<name>-requests.jsonl` of its folder,
    /// asks it to end, and waits. One that is dropped or killed instead keeps
    /// nothing; a trial that passes stops what it started.
    pub async fn stop(mut self) -> Result<ExitStatus, EmulatorError> {
        self.keep_records().await?;
        Ok(self.process.terminate(END_LIMIT).await?)
    }

    /// The same for one whose calls can't be judged: those of an emulator that
    /// was killed before are lost, and what they began would be looked for in
    /// vain. It keeps an empty file.
    pub async fn stop_unjudged(mut self) -> Result<ExitStatus, EmulatorError> {
        self.write_records("")?;
        Ok(self.process.terminate(END_LIMIT).await?)
    }

    async fn keep_records(&self) -> Result<(), EmulatorError> {
        let url = self.url("/_emulator/requests");
        let call = self.http.get(&url).timeout(END_LIMIT);
        let records: Vec<Value> = read(send(call, "GET", url.clone()).await?, url).await?;
        let lines = records.iter().fold(String::new(), |lines, record| {
            lines + &format!("{record}\n")
        });
        self.write_records(&lines)
    }

    fn write_records(&self, lines: &str) -> Result<(), EmulatorError> {
        std::fs::write(&self.records, lines).map_err(|source| EmulatorError::Records {
            path: self.records.clone(),
            source,
        })
    }
}

/// Trusts the authority, when there is one, and nobody else.
fn client(authority: Option<&Path>) -> Result<reqwest::Client, EmulatorError> {
    let Some(path) = authority else {
        return Ok(reqwest::Client::new());
    };
    let bad = |error: &dyn std::fmt::Display| EmulatorError::Authority {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let pem = std::fs::read(path).map_err(|error| bad(&error))?;
    let certificate = reqwest::Certificate::from_pem(&pem).map_err(|error| bad(&error))?;
    let builder = reqwest::Client::builder().tls_certs_only([certificate]);
    builder.build().map_err(|error| bad(&error))
}

async fn send(
    call: reqwest::RequestBuilder,
    method: &'static str,
    url: String,
) -> Result<reqwest::Response, EmulatorError> {
    call.send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(|source| EmulatorError::Call {
            method,
            url,
            source,
        })
}

async fn read<T: serde::de::DeserializeOwned>(
    answer: reqwest::Response,
    url: String,
) -> Result<T, EmulatorError> {
    answer.json().await.map_err(|source| EmulatorError::Call {
        method: "GET",
        url,
        source,
    })
}
