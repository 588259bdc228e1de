//! Messages that are sent and answered, in turns: some to one thing, some to
//! the next, and again, so that whatever else the machine does hits all alike.
//!
//! A sender has one message in flight: it waits for all answers to it before
//! it sends another. The first round warms up and isn't counted.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use wschat_tests::chat_socket::ChatSocket;
use wschat_tests::cloud::Cloud;
use wschat_tests::measure::percentiles::Sorted;
use wschat_tests::measure::processes::Usage;

use crate::Failure;
use crate::stage::{Chat, archive, chats};

const ROUNDS: usize = 10;
/// In each round, to the echo function and to the chat as it is deployed.
const MESSAGES: usize = 200;
/// To the chat that opens a link in every call, which takes longer.
const MESSAGES_PER_LINK: usize = 100;
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// About as long as what people write.
const CONTENT: &str = "Is anybody there? I have been waiting for a while.";

/// How one thing answered.
pub(crate) struct Answers {
    times: Vec<Sorted>,
    /// Processor time of its function, all messages together.
    processor: Duration,
    /// How many messages were sent.
    pub(crate) messages: usize,
}

impl Answers {
    /// From sending a message to the first answer: the echo, or ACK.
    pub(crate) fn first(&self) -> &Sorted {
        &self.times[0]
    }

    /// From sending a message to the last answer: the echo, or BROADCAST.
    pub(crate) fn last(&self) -> &Sorted {
        &self.times[self.times.len() - 1]
    }

    /// Processor time of the function for one message, on average.
    pub(crate) fn processor_per_message(&self) -> Duration {
        let messages = u32::try_from(self.messages).unwrap_or(u32::MAX);
        self.processor.checked_div(messages).unwrap_or_default()
    }
}

/// What was measured side by side.
pub(crate) struct Messages {
    /// A function that returns the frame.
    pub(crate) echo: Answers,
    /// The chat as it is deployed.
    pub(crate) chat: Answers,
    /// The chat that opens a link to YDB in every call.
    pub(crate) link_per_call: Answers,
}

/// Somebody who sends.
struct Sender {
    name: &'static str,
    socket: ChatSocket,
    /// The process whose children the function's instances are.
    cloud_process: u32,
    messages: usize,
    /// Types of the answers to a message.
    kinds: &'static [&'static str],
    times: Vec<Vec<Duration>>,
    processor: Duration,
    sent: usize,
}

impl Sender {
    fn new(
        name: &'static str,
        socket: ChatSocket,
        cloud_process: u32,
        messages: usize,
        kinds: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            socket,
            cloud_process,
            messages,
            kinds,
            times: vec![Vec::new(); kinds.len()],
            processor: Duration::ZERO,
            sent: 0,
        }
    }

    async fn round(&mut self) -> Result<(), Failure> {
        let before = Usage::of_descendants(self.cloud_process)?;
        for _ in 0..self.messages {
            self.exchange()
                .await
                .map_err(|error| format!("{}, message {}: {error}", self.name, self.sent))?;
        }
        let after = Usage::of_descendants(self.cloud_process)?;
        self.processor += after.since(&before)?;
        Ok(())
    }

    /// Sends a message and waits for an answer of each type, in any order.
    async fn exchange(&mut self) -> Result<(), Failure> {
        let id = self.sent.to_string();
        let message = json!({ "type": "SEND", "content": CONTENT, "id": id });
        self.sent += 1;
        let sent = Instant::now();
        self.socket.send(&message).await?;
        let mut missing: Vec<usize> = (0..self.kinds.len()).collect();
        while !missing.is_empty() {
            let answer = self
                .socket
                .expect("answer", ANSWER_LIMIT, |answer| answer["id"] == *id)
                .await?;
            let time = sent.elapsed();
            let due = missing
                .iter()
                .position(|&kind| answer["type"] == self.kinds[kind]);
            let due = due.ok_or_else(|| format!("the answer is {answer}"))?;
            self.times[missing.remove(due)].push(time);
        }
        Ok(())
    }

    /// Counts from here.
    fn forget(&mut self) {
        self.times = vec![Vec::new(); self.kinds.len()];
        self.processor = Duration::ZERO;
    }

    fn answers(self) -> Answers {
        let times: Vec<Sorted> = self.times.into_iter().map(Sorted::new).collect();
        Answers {
            messages: times.first().map_or(0, Sorted::count),
            times,
            processor: self.processor,
        }
    }
}

/// Puts everything up, sends and takes everything down.
pub(crate) async fn run(folder: &Path) -> Result<Messages, Failure> {
    let archives = (
        archive("handler.zip")?,
        archive("handler-link-per-call.zip")?,
    );
    let [mut deployed, mut per_call] = chats(folder, [&archives.0, &archives.1]).await?;
    let cloud = Cloud::of(deployed.emulator.addresses())?;
    let echo_url = cloud.echo(&deployed.service_account).await?;
    let echo = Sender::new(
        "echo",
        ChatSocket::connect(&echo_url, None).await?,
        deployed.cloud_process()?,
        MESSAGES,
        &["SEND"],
    );
    let chat = in_chat("chat", &mut deployed, MESSAGES).await?;
    let link_per_call = in_chat("link per call", &mut per_call, MESSAGES_PER_LINK).await?;

    let mut senders = [echo, chat, link_per_call];
    for round in 0..=ROUNDS {
        for sender in &mut senders {
            sender.round().await?;
            if round == 0 {
                sender.forget();
            }
        }
    }
    let [echo, chat, link_per_call] = senders.map(Sender::answers);
    deployed.emulator.stop().await?;
    per_call.emulator.stop().await?;
    Ok(Messages {
        echo,
        chat,
        link_per_call,
    })
}

/// A participant, alone in a chat.
async fn in_chat(name: &'static str, chat: &mut Chat, messages: usize) -> Result<Sender, Failure> {
    Ok(Sender::new(
        name,
        ChatSocket::join(&chat.url, "alice").await?,
        chat.cloud_process()?,
        messages,
        &["ACK", "BROADCAST"],
    ))
}
