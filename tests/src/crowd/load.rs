//! Many participants talk at once, at a rate that doesn't wait for answers, and
//! each has to get every message exactly once.
//!
//! A message's time counts from the moment that it was due, so that whoever is
//! late counts as late and not as seldom.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;

use super::seen::{Told, id, told};
use super::{CrowdError, Reading, Socket, Writing, allow, next_text, open};
use crate::measure::percentiles::Sorted;
use crate::measure::processes::Usage;

/// About as long as what people write.
const CONTENT: &str = "Is anybody there? I have been waiting for a while.";
/// How long after the last message was due all have to be there.
const LIMIT: Duration = Duration::from_mins(1);

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The process to measure, by its id.
    pub process: u32,
    /// Where participants connect, each with `user_id` added.
    pub url: String,
    /// How many participants there are.
    pub participants: usize,
    /// How many messages a second all of them send together.
    pub rate: u32,
    /// How many messages all of them send together.
    pub messages: usize,
}

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// From when the first message was due until all were everywhere.
    pub took: Duration,
    /// Of the times from when a message was due to its BROADCAST, at every
    /// participant: the middle, the 99th percentile and the longest.
    pub broadcast: [Duration; 3],
    /// The same to its ACK.
    pub acknowledgement: [Duration; 3],
    /// How many frames with messages came to one participant.
    pub frames: usize,
    /// How many bytes those have, together.
    pub bytes: usize,
    /// How often somebody didn't get a message, an ACK included.
    pub lost: usize,
    /// How often somebody got a message again, an ACK included.
    pub doubled: usize,
    /// Processor time of the measured process.
    pub processor: Duration,
    /// Processor time of all that it started: the function's instances.
    pub processor_of_children: Duration,
}

/// When each of the messages came.
#[derive(Debug)]
struct Arrivals {
    /// By number: how long after it was due.
    after: Vec<Option<Duration>>,
    doubled: usize,
}

impl Arrivals {
    fn of(messages: usize) -> Self {
        Self {
            after: vec![None; messages],
            doubled: 0,
        }
    }

    /// Whether it is the first time; nothing, when nobody sends that message.
    fn saw(&mut self, number: usize, after: Duration) -> Option<bool> {
        let place = self.after.get_mut(number)?;
        let is_new = place.is_none();
        if is_new {
            *place = Some(after);
        } else {
            self.doubled += 1;
        }
        Some(is_new)
    }

    /// Of the first so many messages.
    fn times(&self, messages: usize) -> impl Iterator<Item = Duration> {
        self.after.iter().take(messages).copied().flatten()
    }
}

/// What all participants got.
#[derive(Debug)]
struct Record {
    /// By participant.
    broadcasts: Vec<Arrivals>,
    acknowledgements: Arrivals,
    /// With messages, to the first participant.
    frames: usize,
    /// Of those frames.
    bytes: usize,
    /// How many arrivals are still due.
    due: usize,
}

impl Record {
    /// What is to be told of it; the rest is empty.
    fn judged(&self, plan: &Plan) -> Outcome {
        let times = |of: &Arrivals| of.times(plan.messages).collect::<Vec<_>>();
        let broadcasts: Vec<_> = self.broadcasts.iter().flat_map(times).collect();
        let acknowledgements = times(&self.acknowledgements);
        let wanted = plan.messages * (plan.participants + 1);
        let lost = wanted.saturating_sub(broadcasts.len() + acknowledgements.len());
        let doubled: usize = self.broadcasts.iter().map(|of| of.doubled).sum();
        Outcome {
            broadcast: spread(broadcasts),
            acknowledgement: spread(acknowledgements),
            frames: self.frames,
            bytes: self.bytes,
            lost,
            doubled: doubled + self.acknowledgements.doubled,
            ..Outcome::default()
        }
    }
}

/// The middle, the 99th percentile and the longest.
fn spread(times: Vec<Duration>) -> [Duration; 3] {
    let sorted = Sorted::new(times);
    [50, 99, 100].map(|percent| sorted.percentile(percent).unwrap_or_default())
}

/// What all participants share.
#[derive(Debug)]
struct Hall {
    plan: Plan,
    /// When the first message is due.
    start: Instant,
    record: Mutex<Record>,
    all_is_there: Notify,
    /// The first participant may send its last message.
    is_closing: Notify,
}

impl Hall {
    /// Opens now.
    fn of(plan: &Plan) -> Self {
        // One more than those that are counted: the last one of all.
        let messages = plan.messages + 1;
        let broadcasts = (0..plan.participants).map(|_| Arrivals::of(messages));
        let record = Record {
            broadcasts: broadcasts.collect(),
            acknowledgements: Arrivals::of(messages),
            frames: 0,
            bytes: 0,
            due: plan.messages * (plan.participants + 1),
        };
        Self {
            plan: plan.clone(),
            start: Instant::now() + Duration::from_millis(100),
            record: Mutex::new(record),
            all_is_there: Notify::new(),
            is_closing: Notify::new(),
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When a message is due.
    fn due(&self, number: usize) -> Instant {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        self.start + Duration::from_secs(1) * number / self.plan.rate.max(1)
    }

    /// Waits until all is where it should be, or for too long; how long it took.
    ///
    /// Then one more message goes the same way and has to arrive: whatever is
    /// doubled on that way came before it.
    async fn settled(&self) -> Duration {
        let last = self.due(self.plan.messages);
        let _ = timeout_at(last + LIMIT, self.all_is_there.notified()).await;
        let took = self.start.elapsed();
        self.record().due = self.plan.participants + 1;
        self.is_closing.notify_one();
        let _ = timeout(LIMIT, self.all_is_there.notified()).await;
        took
    }

    /// Takes a frame of a participant.
    fn saw(&self, participant: usize, text: &str) -> Result<(), String> {
        let now = Instant::now();
        let messages = told(text)?;
        let mut record = self.record();
        let is_counted = |message: &Told<'_>| {
            message.kind == "BROADCAST" && message.number() < Some(self.plan.messages)
        };
        if participant == 0 && messages.iter().any(is_counted) {
            record.frames += 1;
            record.bytes += text.len();
        }
        for message in messages {
            let arrivals = match message.kind {
                "BROADCAST" => &mut record.broadcasts[participant],
                "ACK" => &mut record.acknowledgements,
                _ => continue,
            };
            let is_new = message.number().and_then(|number| {
                arrivals.saw(number, now.saturating_duration_since(self.due(number)))
            });
            if is_new.ok_or_else(|| format!("nobody sent this: {text}"))? {
                record.due = record.due.saturating_sub(1);
                if record.due == 0 {
                    self.all_is_there.notify_one();
                }
            }
        }
        Ok(())
    }
}

/// Opens the sockets, sends, and tells.
pub async fn run(plan: &Plan) -> Result<Outcome, CrowdError> {
    allow(plan.participants)?;
    let separator = if plan.url.contains('?') { '&' } else { '?' };
    // Nobody's messages are repeats of an earlier crowd's.
    let crowd = std::process::id();
    let urls = (0..plan.participants).map(|number| {
        format!(
            "{}{separator}user_id=crowd-{crowd:08}-{number:03}",
            plan.url
        )
    });
    let sockets = open(urls).await?;
    let usage = Usage::of(plan.process)?;
    let usage_of_children = Usage::of_descendants(plan.process)?;

    let hall = Arc::new(Hall::of(plan));
    let (failures, mut failed) = mpsc::channel(1);
    for (number, socket) in sockets.into_iter().enumerate() {
        let (writing, reading) = Socket::split(socket);
        let (hall, failures) = (Arc::clone(&hall), failures.clone());
        tokio::spawn(async move {
            let listening = listen(number, reading, &hall);
            let talking = talk(number, writing, &hall);
            let Err(failure) = tokio::try_join!(listening, talking) else {
                return;
            };
            // The first one is told; the others follow from it.
            let _ = failures.try_send(failure);
        });
    }
    let took = tokio::select! {
        Some(failure) = failed.recv() => return Err(failure),
        took = hall.settled() => took,
    };
    let processor = Usage::of(plan.process)?.since(&usage)?;
    let children = Usage::of_descendants(plan.process)?;
    Ok(Outcome {
        took,
        processor,
        processor_of_children: children.since(&usage_of_children)?,
        ..hall.record().judged(plan)
    })
}

async fn listen(number: usize, mut reading: Reading, hall: &Hall) -> Result<(), CrowdError> {
    loop {
        let text = next_text(number, &mut reading).await?;
        hall.saw(number, &text).map_err(|what| CrowdError::Wrong {
            socket: number,
            what,
        })?;
    }
}

/// Sends this participant's share, each message when it is due. What it writes
/// to stays open.
async fn talk(number: usize, mut writing: Writing, hall: &Hall) -> Result<Writing, CrowdError> {
    let own = (number..hall.plan.messages).step_by(hall.plan.participants.max(1));
    for message in own {
        tokio::time::sleep_until(hall.due(message)).await;
        writing.send(words(message)).await?;
    }
    if number == 0 {
        hall.is_closing.notified().await;
        writing.send(words(hall.plan.messages)).await?;
    }
    Ok(writing)
}

fn words(number: usize) -> Message {
    let message = json!({ "type": "SEND", "content": CONTENT, "id": id(number) });
    Message::text(message.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hall() -> Hall {
        Hall::of(&Plan {
            process: 0,
            url: String::new(),
            participants: 2,
            rate: 1000,
            messages: 3,
        })
    }

    fn broadcast(numbers: &[usize]) -> String {
        let one = |&number: &usize| json!({ "type": "BROADCAST", "id": id(number) });
        json!({ "messages": numbers.iter().map(one).collect::<Vec<_>>() }).to_string()
    }

    fn acknowledgement(number: usize) -> String {
        json!({ "type": "ACK", "originalType": "SEND", "id": id(number) }).to_string()
    }

    /// Lost and doubled ones.
    fn judged(hall: &Hall) -> (usize, usize) {
        let outcome = hall.record().judged(&hall.plan);
        (outcome.lost, outcome.doubled)
    }

    #[test]
    fn what_everybody_got_once_is_neither_lost_nor_doubled() {
        let hall = hall();
        assert_eq!(judged(&hall), (9, 0));
        for participant in 0..2 {
            hall.saw(participant, &broadcast(&[0, 1])).unwrap();
            hall.saw(participant, &broadcast(&[2])).unwrap();
        }
        assert_eq!(judged(&hall), (3, 0), "without ACKs");
        for number in 0..3 {
            hall.saw(number % 2, &acknowledgement(number)).unwrap();
        }
        assert_eq!(judged(&hall), (0, 0));
        let record = hall.record();
        assert_eq!((record.due, record.frames), (0, 2));
    }

    #[test]
    fn one_that_came_twice_does_not_stand_for_one_that_never_came() {
        let hall = hall();
        hall.saw(0, &broadcast(&[0, 1, 1])).unwrap();
        hall.saw(1, &broadcast(&[0, 1, 2])).unwrap();
        hall.saw(0, &acknowledgement(0)).unwrap();
        hall.saw(0, &acknowledgement(0)).unwrap();
        assert_eq!(judged(&hall), (3, 2));
        assert_eq!(hall.record().due, 3);
    }

    #[test]
    fn the_last_message_of_all_is_not_counted() {
        let hall = hall();
        hall.saw(0, &broadcast(&[3])).unwrap();
        assert_eq!(judged(&hall), (9, 0));
        assert!(hall.saw(0, &broadcast(&[4])).is_err(), "nobody sends it");
    }
}
