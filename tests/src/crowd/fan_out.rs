//! One participant sends, one message after the other, and all get it, the
//! sender too: how long until the first and until the last of them has it?

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::tungstenite::Message;

use super::seen::{id, told};
use super::{CrowdError, Reading, Socket, Writing, allow, next_text, open};
use crate::measure::processes::{Usage, resident_memory};

/// About as long as what people write.
const CONTENT: &str = "Is anybody there? I have been waiting for a while.";
/// Messages that aren't counted.
const WARM_UP: usize = 10;
/// How long a message may take to the last socket.
const LIMIT: Duration = Duration::from_mins(1);

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The process to measure, by its id.
    pub process: u32,
    /// Who sends: somebody new to the chat, whose ids aren't repeats.
    pub user: String,
    /// Where the sender connects.
    pub sender: String,
    /// Where all others connect.
    pub listener: String,
    /// How many sockets there are, the sender's included.
    pub sockets: usize,
    /// How many messages are counted.
    pub messages: usize,
    /// Whether a SEND is sent, which the other side makes a BROADCAST of, or
    /// that BROADCAST itself, in the frame that all get.
    pub ready_made: bool,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How long it took to open the sockets.
    pub opened: Duration,
    /// From sending each message to its first arrival.
    pub first: Vec<Duration>,
    /// From sending each message to its last arrival.
    pub last: Vec<Duration>,
    /// Processor time of the measured process, all messages together.
    pub processor: Duration,
    /// Its memory with all sockets open, before the first message, in bytes.
    pub memory_before: u64,
    /// Its memory after the last message, in bytes.
    pub memory_after: u64,
    /// The length of the frame that all got, in bytes.
    pub frame: usize,
}

/// Who has got the message that is on its way.
#[derive(Debug, Default)]
struct Arrivals {
    count: usize,
    first: Option<Instant>,
    last: Option<Instant>,
    frame: usize,
}

/// What all sockets share.
#[derive(Debug)]
struct Hall {
    sockets: usize,
    arrivals: Mutex<Arrivals>,
    all_have_it: Notify,
}

impl Hall {
    fn arrivals(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrived(&self, frame: usize) {
        let mut arrivals = self.arrivals();
        let now = Instant::now();
        arrivals.first.get_or_insert(now);
        arrivals.count += 1;
        arrivals.frame = frame;
        if arrivals.count == self.sockets {
            arrivals.last = Some(now);
            self.all_have_it.notify_one();
        }
    }
}

/// Opens the sockets, sends, and tells.
pub async fn run(plan: &Plan) -> Result<Outcome, CrowdError> {
    allow(plan.sockets)?;
    let start = Instant::now();
    let listeners = plan.sockets.saturating_sub(1);
    let mut sockets = open(std::iter::repeat_n(plan.listener.clone(), listeners)).await?;
    sockets.extend(open([plan.sender.clone()]).await?);
    let opened = start.elapsed();

    let hall = Arc::new(Hall {
        sockets: sockets.len(),
        arrivals: Mutex::default(),
        all_have_it: Notify::new(),
    });
    let (failures, mut failed) = mpsc::channel(1);
    let mut writers: Vec<Writing> = Vec::new();
    for (number, socket) in sockets.into_iter().enumerate() {
        let (writing, reading) = Socket::split(socket);
        writers.push(writing);
        let (hall, failures) = (Arc::clone(&hall), failures.clone());
        tokio::spawn(async move {
            let failure = listen(number, reading, &hall).await;
            // The first one is told; the others follow from it.
            let _ = failures.try_send(failure);
        });
    }
    let talking = talk(plan, &hall, &mut writers, opened);
    tokio::select! {
        failure = failed.recv() => Err(failure.unwrap_or(CrowdError::Ended {
            socket: 0,
            end: "nobody listens".to_owned(),
        })),
        outcome = talking => outcome,
    }
}

/// Gets every message exactly once and in order; why that ended.
async fn listen(socket: usize, mut reading: Reading, hall: &Hall) -> CrowdError {
    let mut expected = 0;
    loop {
        let text = match next_text(socket, &mut reading).await {
            Ok(text) => text,
            Err(error) => return error,
        };
        let messages = match told(&text) {
            Ok(messages) => messages.into_iter(),
            Err(what) => return CrowdError::Wrong { socket, what },
        };
        for message in messages.filter(|message| message.kind == "BROADCAST") {
            if message.number() != Some(expected) {
                let what = format!("message {expected} was due, not {message:?}");
                return CrowdError::Wrong { socket, what };
            }
            expected += 1;
            hall.arrived(text.len());
        }
    }
}

async fn talk(
    plan: &Plan,
    hall: &Hall,
    writers: &mut [Writing],
    opened: Duration,
) -> Result<Outcome, CrowdError> {
    let memory_before = resident_memory(plan.process)?;
    let mut usage = Usage::of(plan.process)?;
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for number in 0..WARM_UP + plan.messages {
        if number == WARM_UP {
            usage = Usage::of(plan.process)?;
        }
        let (to_first, to_last) = exchange(plan, hall, writers, number).await?;
        if number >= WARM_UP {
            first.push(to_first);
            last.push(to_last);
        }
    }
    Ok(Outcome {
        opened,
        first,
        last,
        processor: Usage::of(plan.process)?.since(&usage)?,
        memory_before,
        memory_after: resident_memory(plan.process)?,
        frame: hall.arrivals().frame,
    })
}

/// One message to all: how long until the first and the last had it.
async fn exchange(
    plan: &Plan,
    hall: &Hall,
    writers: &mut [Writing],
    number: usize,
) -> Result<(Duration, Duration), CrowdError> {
    *hall.arrivals() = Arrivals::default();
    let text = words(plan, number);
    let sent = Instant::now();
    if let Some(sender) = writers.last_mut() {
        sender.send(Message::text(text)).await?;
    }
    let waited = tokio::time::timeout(LIMIT, hall.all_have_it.notified()).await;
    let arrivals = hall.arrivals();
    match (waited, arrivals.first, arrivals.last) {
        (Ok(()), Some(first), Some(last)) => {
            Ok((first.duration_since(sent), last.duration_since(sent)))
        }
        _ => Err(CrowdError::Missing {
            message: number,
            arrived: arrivals.count,
            sockets: hall.sockets,
            limit: LIMIT,
        }),
    }
}

fn words(plan: &Plan, number: usize) -> String {
    let id = id(number);
    if plan.ready_made {
        // A BROADCAST as the handler writes it, as long to the byte.
        let timestamp = "2026-01-01T00:00:00.000Z";
        let message = json!({
            "type": "BROADCAST", "userId": plan.user, "content": CONTENT,
            "timestamp": timestamp, "id": id,
        });
        json!({ "messages": [message] }).to_string()
    } else {
        json!({ "type": "SEND", "content": CONTENT, "id": id }).to_string()
    }
}
