//! Sockets that are opened, messages that are sent and answered, in turns: some
//! to one thing, some to the next, and again, so that whatever else the machine
//! does hits all alike.
//!
//! Everybody does one thing at a time: a sender waits for all answers to a
//! message before it sends another. The first round warms up and isn't counted.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wschat_tests::chat_socket::ChatSocket;
use wschat_tests::cloud::Cloud;
use wschat_tests::emulator::{Emulator, Options};
use wschat_tests::measure::percentiles::Sorted;
use wschat_tests::measure::processes::Usage;
use wschat_tests::wait::eventually;

use crate::Failure;
use crate::stage::{Chat, archive, chats};

const ROUNDS: usize = 10;
/// In each round, to the echo function and to the chat as it is deployed: PING
/// so often, SEND so often.
const MESSAGES: usize = 200;
/// To the chat that opens a link in every call, which takes longer.
const MESSAGES_PER_LINK: usize = 100;
/// People who come and go in each round.
const VISITORS: usize = 40;
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// About as long as what people write.
const CONTENT: &str = "Is anybody there? I have been waiting for a while.";

/// What happens to a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A socket is opened: from the first byte to the gateway's 101.
    Connect,
    /// A frame that nobody else learns of.
    Ping,
    /// A frame for everybody.
    Send,
    /// A frame that says goodbye.
    Disconnect,
}

impl Event {
    pub(crate) const ALL: [Self; 4] = [Self::Connect, Self::Ping, Self::Send, Self::Disconnect];
}

/// How one thing answered one kind of event.
#[derive(Default)]
pub(crate) struct Answers {
    first: Sorted,
    last: Sorted,
    /// Processor time of its function, all events together.
    processor: Duration,
}

impl Answers {
    /// From the event to the first answer: the echo, ACK or PONG.
    pub(crate) fn first(&self) -> &Sorted {
        &self.first
    }

    /// From the event to the last answer: of SEND, BROADCAST.
    pub(crate) fn last(&self) -> &Sorted {
        &self.last
    }

    /// How many events there were.
    pub(crate) fn count(&self) -> usize {
        self.first.count()
    }

    /// Processor time of the function for one event, on average.
    pub(crate) fn processor_each(&self) -> Duration {
        let count = u32::try_from(self.count()).unwrap_or(u32::MAX);
        self.processor.checked_div(count).unwrap_or_default()
    }
}

/// How one thing answered, by event.
pub(crate) struct Answered([Answers; 4]);

impl Answered {
    pub(crate) fn to(&self, event: Event) -> &Answers {
        &self.0[event as usize]
    }
}

/// What was measured side by side.
pub(crate) struct Messages {
    /// A function that returns the frame.
    pub(crate) echo: Answered,
    /// The chat as it is deployed.
    pub(crate) chat: Answered,
    /// The chat that opens a link to YDB in every call.
    pub(crate) link_per_call: Answered,
}

/// What one kind of event has come to so far.
#[derive(Default)]
struct Tally {
    first: Vec<Duration>,
    last: Vec<Duration>,
    processor: Duration,
}

impl Tally {
    fn answers(self) -> Answers {
        Answers {
            first: Sorted::new(self.first),
            last: Sorted::new(self.last),
            processor: self.processor,
        }
    }
}

/// The answers to a message, by type: of those of an echo there is one.
type Kinds = &'static [&'static str];

/// Something with a socket address.
struct Subject<'a> {
    name: &'static str,
    url: String,
    /// The certificate to trust, in PEM, where all is over TLS.
    authority: Option<String>,
    /// Somebody who stays.
    socket: ChatSocket,
    emulator: &'a Emulator,
    /// The process whose children the function's instances are.
    cloud_process: u32,
    /// Sockets that its emulator has between rounds.
    open: usize,
    messages: usize,
    /// Whether it returns frames.
    echoes: bool,
    tallies: [Tally; 4],
    sent: usize,
}

impl Subject<'_> {
    async fn round(&mut self) -> Result<(), Failure> {
        for event in [Event::Ping, Event::Send] {
            let before = Usage::of_descendants(self.cloud_process)?;
            for _ in 0..self.messages {
                self.exchange(event).await?;
            }
            self.used(event, &before)?;
        }
        let before = Usage::of_descendants(self.cloud_process)?;
        let mut visitors = Vec::new();
        for visitor in 0..VISITORS {
            let (name, authority) = (format!("visitor-{visitor}"), self.authority.as_deref());
            let began = Instant::now();
            visitors.push(ChatSocket::join_trusting(&self.url, &name, authority).await?);
            self.took(Event::Connect, &[began.elapsed()]);
        }
        self.used(Event::Connect, &before)?;
        let before = Usage::of_descendants(self.cloud_process)?;
        for visitor in &mut visitors {
            let kinds = self.kinds(Event::Disconnect);
            let message = json!({ "type": "DISCONNECT" });
            let times = ask(visitor, &message, kinds, None).await?;
            self.took(Event::Disconnect, &times);
        }
        self.used(Event::Disconnect, &before)?;
        for visitor in visitors {
            visitor.close().await?;
        }
        let (emulator, open) = (self.emulator, self.open);
        eventually("visitors to be gone", ANSWER_LIMIT, || async {
            match emulator.state().await.map(|state| state.connections.len()) {
                Ok(found) if found == open => Ok(()),
                found => Err(format!("{found:?} sockets")),
            }
        })
        .await?;
        Ok(())
    }

    /// Sends a message from who stays.
    async fn exchange(&mut self, event: Event) -> Result<(), Failure> {
        let id = self.sent.to_string();
        self.sent += 1;
        let message = match event {
            Event::Send => json!({ "type": "SEND", "content": CONTENT, "id": id }),
            _ => json!({ "type": "PING", "id": id }),
        };
        let kinds = self.kinds(event);
        let times = ask(&mut self.socket, &message, kinds, Some(&id)).await;
        let times = times.map_err(|error| format!("{}, message {id}: {error}", self.name))?;
        self.took(event, &times);
        Ok(())
    }

    fn kinds(&self, event: Event) -> Kinds {
        match event {
            Event::Ping if self.echoes => &["PING"],
            Event::Send if self.echoes => &["SEND"],
            Event::Disconnect if self.echoes => &["DISCONNECT"],
            Event::Ping => &["PONG"],
            Event::Send => &["ACK", "BROADCAST"],
            Event::Connect | Event::Disconnect => &["ACK"],
        }
    }

    /// Notes times to the first and to the last answer.
    fn took(&mut self, event: Event, times: &[Duration]) {
        let tally = &mut self.tallies[event as usize];
        tally.first.extend(times.first());
        tally.last.extend(times.last());
    }

    fn used(&mut self, event: Event, before: &Usage) -> Result<(), Failure> {
        let used = Usage::of_descendants(self.cloud_process)?.since(before)?;
        self.tallies[event as usize].processor += used;
        Ok(())
    }

    /// Counts from here.
    fn forget(&mut self) {
        self.tallies = Default::default();
    }

    fn answered(self) -> Answered {
        Answered(self.tallies.map(Tally::answers))
    }
}

/// Sends a message and waits for an answer of each type: the times until the
/// answers, which come in this order or another.
async fn ask(
    socket: &mut ChatSocket,
    message: &Value,
    kinds: Kinds,
    id: Option<&str>,
) -> Result<Vec<Duration>, Failure> {
    let is_answer = |answer: &Value| match id {
        Some(id) => answer["id"] == id,
        None => kinds.iter().any(|kind| answer["type"] == *kind),
    };
    let sent = Instant::now();
    socket.send(message).await?;
    let mut times = vec![Duration::ZERO; kinds.len()];
    let mut missing: Vec<usize> = (0..kinds.len()).collect();
    while !missing.is_empty() {
        let answer = socket.expect("answer", ANSWER_LIMIT, is_answer).await?;
        let time = sent.elapsed();
        let due = missing
            .iter()
            .position(|&kind| answer["type"] == kinds[kind]);
        let due = due.ok_or_else(|| format!("the answer is {answer}"))?;
        times[missing.remove(due)] = time;
    }
    Ok(times)
}

/// Puts everything up, sends and takes everything down.
pub(crate) async fn run(folder: &Path) -> Result<Messages, Failure> {
    let [mut deployed, mut per_call] = both(folder, &Options::default()).await?;
    let cloud = Cloud::of(deployed.emulator.addresses())?;
    let echo_url = cloud.echo_of_all(&deployed.service_account).await?;
    let processes = (deployed.cloud_process()?, per_call.cloud_process()?);
    let chat_url = deployed.url.clone();
    let echo = subject("echo", echo_url, &deployed, processes.0, 2).await?;
    let chat = subject("chat", chat_url, &deployed, processes.0, 2).await?;
    let per_call_url = per_call.url.clone();
    let link_per_call = subject("link per call", per_call_url, &per_call, processes.1, 1).await?;

    let mut subjects = [echo, chat, link_per_call];
    subjects[0].echoes = true;
    subjects[2].messages = MESSAGES_PER_LINK;
    take_turns(&mut subjects).await?;
    let [echo, chat, link_per_call] = subjects.map(Subject::answered);
    deployed.emulator.stop().await?;
    per_call.emulator.stop().await?;
    Ok(Messages {
        echo,
        chat,
        link_per_call,
    })
}

/// The deployed chat and the one that opens a link in every call, where all is
/// said over TLS, as the real cloud wants it.
pub(crate) async fn run_over_tls(folder: &Path) -> Result<[Answered; 2], Failure> {
    let [mut deployed, mut per_call] = both(folder, &Options::default().tls()).await?;
    let processes = (deployed.cloud_process()?, per_call.cloud_process()?);
    let urls = (deployed.url.clone(), per_call.url.clone());
    let mut subjects = [
        subject("chat", urls.0, &deployed, processes.0, 1).await?,
        subject("link per call", urls.1, &per_call, processes.1, 1).await?,
    ];
    subjects[1].messages = MESSAGES_PER_LINK;
    take_turns(&mut subjects).await?;
    let answered = subjects.map(Subject::answered);
    deployed.emulator.stop().await?;
    per_call.emulator.stop().await?;
    Ok(answered)
}

async fn both(folder: &Path, options: &Options) -> Result<[Chat; 2], Failure> {
    let kept = archive("handler.zip")?;
    let opened = archive("handler-link-per-call.zip")?;
    chats(folder, [&kept, &opened], options).await
}

async fn take_turns(subjects: &mut [Subject<'_>]) -> Result<(), Failure> {
    for round in 0..=ROUNDS {
        for subject in &mut *subjects {
            subject.round().await?;
            if round == 0 {
                subject.forget();
            }
        }
    }
    Ok(())
}

/// Somebody joins and stays.
async fn subject<'a>(
    name: &'static str,
    url: String,
    chat: &'a Chat,
    cloud_process: u32,
    open: usize,
) -> Result<Subject<'a>, Failure> {
    let authority = chat.emulator.addresses().certificate_authority.as_deref();
    let authority = authority.map(std::fs::read_to_string).transpose()?;
    let socket = ChatSocket::join_trusting(&url, "alice", authority.as_deref()).await?;
    Ok(Subject {
        name,
        socket,
        url,
        authority,
        emulator: &chat.emulator,
        cloud_process,
        open,
        messages: MESSAGES,
        echoes: false,
        tallies: Default::default(),
        sent: 0,
    })
}
