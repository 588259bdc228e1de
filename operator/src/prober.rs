//! The first probe of a chat: does a message make the whole round trip? (Later
//! ones are less: [`crate::reach`].)
//!
//! A probe needs an open socket for as long as a new trigger may take to start,
//! so it runs beside the looks at the chat, which only ask how it stands.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

use crate::background::Background;
use crate::cloud::Cloud;

/// How long a new trigger may need before it reads its topic (docs: functions,
/// trigger-time: within 5 minutes), and a little more.
const PATIENCE: Duration = Duration::from_secs(330);

/// How often a new PROBE is published while none has come.
const INTERVAL: Duration = Duration::from_secs(5);

/// How long the gateway may take to accept a socket, and to answer a PING.
const ANSWER: Duration = Duration::from_secs(35);

/// After how long a probe is slow: few triggers need as long.
const SLOW: Duration = Duration::from_secs(20);

/// What to do about a socket that can't be opened.
pub(crate) const ELSEWHERE: &str = "join the chat from elsewhere: if that works, look at the \
     operator's own network (egress policy, DNS), else at the function's log";

/// What is probed. Another target is another probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The chat's URL.
    pub(crate) url: String,
    /// Where the function is invoked directly.
    pub(crate) invoke_url: String,
}

/// How a probe stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Running(Running),
    Passed,
    /// It failed just now.
    Failed(String),
}

/// A probe that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Running {
    /// Whether it takes longer than most triggers need.
    pub(crate) is_slow: bool,
    /// It has become slow; told once.
    pub(crate) became_slow: bool,
    /// Why the one before failed, if one did.
    pub(crate) problem: Option<String>,
}

/// The probes that run, by the chat's UID.
#[derive(Debug, Default)]
pub(crate) struct Prober {
    runs: Mutex<HashMap<String, Run>>,
}

#[derive(Debug)]
struct Run {
    target: Target,
    /// None once its failure was told, until the next begins.
    probe: Option<Background>,
    /// Why the last one failed. It is told until one passes: not that one runs,
    /// which would be told in turn with it.
    problem: Option<String>,
    /// Whether it was told to be slow.
    is_slow: bool,
}

/// A socket of a chat.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

impl Prober {
    /// How the probe of `target` stands; begins one if none runs. A failure is
    /// told, and the next call begins anew.
    pub(crate) fn progress(&self, uid: &str, target: &Target, cloud: &Cloud) -> Progress {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let run = runs
            .entry(uid.to_owned())
            .and_modify(|run| {
                if run.target != *target {
                    *run = Run::new(target.clone());
                }
            })
            .or_insert_with(|| Run::new(target.clone()));
        let (probed, cloud) = (target.clone(), cloud.clone());
        run.progress(|| Background::start(async move { round_trip(&probed, &cloud).await }))
    }

    /// Ends the probe of a chat, if one runs.
    pub(crate) fn forget(&self, uid: &str) {
        self.runs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(uid);
    }
}

impl Run {
    fn new(target: Target) -> Self {
        Self {
            target,
            probe: None,
            problem: None,
            is_slow: false,
        }
    }

    fn progress(&mut self, begin: impl FnOnce() -> Background) -> Progress {
        let probe = self.probe.get_or_insert_with(begin);
        match probe.ended() {
            Some((Ok(()), _)) => Progress::Passed,
            Some((Err(problem), _)) => {
                self.probe = None;
                self.is_slow = false;
                self.problem = Some(problem.clone());
                Progress::Failed(problem)
            }
            None => {
                let is_slow = probe.running_for() >= SLOW;
                let became_slow = is_slow && !self.is_slow;
                self.is_slow = is_slow;
                Progress::Running(Running {
                    is_slow,
                    became_slow,
                    problem: self.problem.clone(),
                })
            }
        }
    }
}

/// Connects, exchanges PING and PONG, then publishes PROBEs until one comes.
async fn round_trip(target: &Target, cloud: &Cloud) -> Result<(), String> {
    let mut socket = greet(&target.url)
        .await
        .map_err(|problem| format!("{problem}; {ELSEWHERE}"))?;
    let mut nonces = Vec::new();
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let nonce = Uuid::new_v4().to_string();
        publish(target, cloud, &nonce).await?;
        nonces.push(nonce);
        let wait = timeout(
            INTERVAL,
            receive(&mut socket, |message| is_probe(message, &nonces)),
        );
        match wait.await {
            Ok(Ok(())) => {
                // Politeness only: the chat works, whatever the answer.
                let _closed = socket.close(None).await;
                return Ok(());
            }
            Ok(Err(problem)) => return Err(problem),
            Err(_) => {}
        }
    }
    Err(format!(
        "a message to the topic didn't reach a socket within {} s; look at the trigger and at \
         the roles of the chat's service account",
        PATIENCE.as_secs()
    ))
}

/// Opens a socket that nobody in the chat is told of, and has a PING answered.
pub(crate) async fn greet(url: &str) -> Result<Socket, String> {
    let (mut socket, _) = timeout(ANSWER, connect_async(format!("{url}?probe=1")))
        .await
        .map_err(|_| format!("{url} accepts no WebSocket in time"))?
        .map_err(|error| format!("{url} accepts no WebSocket: {error}"))?;
    ping(&mut socket).await?;
    Ok(socket)
}

async fn ping(socket: &mut Socket) -> Result<(), String> {
    let nonce = Uuid::new_v4().to_string();
    let text = json!({ "type": "PING", "id": nonce }).to_string();
    socket
        .send(Message::text(text))
        .await
        .map_err(|error| format!("the socket broke during the PING: {error}"))?;
    let pong = |message: &Value| message["type"] == "PONG" && message["id"] == nonce.as_str();
    timeout_at(Instant::now() + ANSWER, receive(socket, pong))
        .await
        .map_err(|_| "the handler didn't answer a PING in time".to_owned())?
}

async fn publish(target: &Target, cloud: &Cloud, nonce: &str) -> Result<(), String> {
    let event = json!({ "wschat": "probe", "id": nonce });
    let answer = cloud
        .invoke(&target.invoke_url, "live", &event)
        .await
        .map_err(|error| format!("the function didn't publish a PROBE: {error}"))?;
    if answer["ok"] == true {
        Ok(())
    } else {
        Err(format!("the function didn't publish a PROBE: {answer}"))
    }
}

/// Reads until a wanted message comes.
async fn receive(socket: &mut Socket, wanted: impl Fn(&Value) -> bool) -> Result<(), String> {
    while let Some(frame) = socket.next().await {
        let frame = frame.map_err(|error| format!("the socket broke: {error}"))?;
        let bytes = match frame {
            Message::Text(text) => text.as_bytes().to_vec(),
            Message::Binary(bytes) => bytes.to_vec(),
            _ => continue,
        };
        if messages(&bytes).iter().any(&wanted) {
            return Ok(());
        }
    }
    Err("the gateway closed the socket".to_owned())
}

/// The messages of a frame: one, or several as the trigger wraps them.
fn messages(frame: &[u8]) -> Vec<Value> {
    match serde_json::from_slice::<Value>(frame) {
        Ok(Value::Object(mut object)) => match object.remove("messages") {
            Some(Value::Array(messages)) => messages,
            _ => vec![Value::Object(object)],
        },
        _ => Vec::new(),
    }
}

fn is_probe(message: &Value, nonces: &[String]) -> bool {
    message["type"] == "PROBE" && nonces.iter().any(|nonce| message["id"] == nonce.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_is_told_until_a_probe_passes() {
        let mut run = Run::new(Target {
            url: "ws://127.0.0.1:1/ws".to_owned(),
            invoke_url: String::new(),
        });
        let hangs = || Background::start(std::future::pending());
        let running = run.progress(hangs);
        assert_eq!(running, Progress::Running(Running::default()));
        run.probe = None;
        let fails = || Background::start(async { Err("no".to_owned()) });
        let failed = Progress::Failed("no".to_owned());
        while run.progress(fails) != failed {
            tokio::task::yield_now().await;
        }
        let again = Running {
            problem: Some("no".to_owned()),
            ..Running::default()
        };
        assert_eq!(run.progress(hangs), Progress::Running(again));
        run.probe = Some(Background::start(async { Ok(()) }));
        while run.progress(hangs) != Progress::Passed {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn a_probe_is_found_alone_and_in_a_batch() {
        let nonces = ["a".to_owned(), "b".to_owned()];
        for (frame, found) in [
            (r#"{"type":"PROBE","id":"b"}"#, true),
            (
                r#"{"messages":[{"type":"BROADCAST"},{"type":"PROBE","id":"a"}]}"#,
                true,
            ),
            (r#"{"messages":[{"type":"PROBE","id":"other"}]}"#, false),
            (r#"{"type":"BROADCAST","id":"a"}"#, false),
            ("no json", false),
            ("[1]", false),
        ] {
            let any = messages(frame.as_bytes())
                .iter()
                .any(|message| is_probe(message, &nonces));
            assert_eq!(any, found, "{frame}");
        }
    }
}
