//! Later probes of a chat that serves: every so often a socket is opened, and a
//! PING answered. Nobody in the chat is told of it.
//!
//! What they find is told, and changes nothing else: the way from the operator
//! to a gateway isn't the way that clients take (NAT, egress policies, DNS), so
//! a chat that can't be reached from here may well serve.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use wschat_crds::condition::find;
use wschat_crds::{Condition, ConditionType, Reason};

use crate::background::{Background, Finding};
use crate::prober::greet;

/// How soon to look whether a probe is through.
const SOON: Duration = Duration::from_secs(2);

/// How long after a failure it is tried once more, before it is told.
const ONCE_MORE: Duration = Duration::from_secs(5);

/// How often what can't be reached is tried, unless chats are probed more often.
const WHILE_LOST: Duration = Duration::from_mins(1);

/// What is known of all chats, by their UIDs.
#[derive(Debug, Default)]
pub(crate) struct Reach(Mutex<HashMap<String, Watch>>);

/// What is known of one.
#[derive(Debug)]
struct Watch {
    url: String,
    /// What was found last; nothing since the program started.
    found: Option<Finding>,
    /// When it is probed next.
    due: Instant,
    probe: Option<Background>,
}

/// What a look at a chat is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    /// What was found last; nothing yet since the program started.
    pub(crate) found: Option<Finding>,
    /// When there is more to be seen.
    pub(crate) again: Duration,
    /// A probe that has ended since the last look: whether the chat was reached,
    /// and how long it took.
    pub(crate) ended: Option<(bool, Duration)>,
}

/// The condition that tells that the chat couldn't be reached, if it is told.
pub(crate) fn told(conditions: &[Condition]) -> Option<&Condition> {
    find(conditions, ConditionType::Reachable)
        .filter(|condition| condition.reason == Reason::Unreachable.as_str())
}

impl Reach {
    /// How the chat with this URL was found. It is probed once in every `interval`;
    /// soon, if it is in `doubt`.
    pub(crate) fn look(&self, uid: &str, url: &str, interval: Duration, doubt: bool) -> Sight {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // After a restart, not all chats are probed at once.
        let first = || interval.mul_f64(if doubt { 0.0 } else { rand::random() });
        let watch = all
            .entry(uid.to_owned())
            .and_modify(|watch| {
                if watch.url != url {
                    // It was published just now.
                    *watch = Watch::new(url, interval);
                }
            })
            .or_insert_with(|| Watch::new(url, first()));
        watch.look(interval)
    }

    /// Forgets a chat that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(uid);
    }
}

impl Watch {
    fn new(url: &str, wait: Duration) -> Self {
        Self {
            url: url.to_owned(),
            found: None,
            due: Instant::now() + wait,
            probe: None,
        }
    }

    fn look(&mut self, interval: Duration) -> Sight {
        let ended = self.probe.as_ref().and_then(Background::ended);
        let ended = ended.map(|(finding, took)| {
            let reached = finding.is_ok();
            let wait = if reached {
                interval
            } else {
                interval.min(WHILE_LOST)
            };
            self.due = Instant::now() + wait;
            self.found = Some(finding);
            self.probe = None;
            (reached, took)
        });
        if self.probe.is_none() && self.due <= Instant::now() {
            self.probe = Some(Background::start(twice(self.url.clone())));
        }
        let again = match &self.probe {
            Some(_) => SOON,
            None => self.due.saturating_duration_since(Instant::now()),
        };
        Sight {
            found: self.found.clone(),
            again,
            ended,
        }
    }
}

/// Once more if need be: what is told of one that serves must be so.
async fn twice(url: String) -> Finding {
    if once(&url).await.is_ok() {
        return Ok(());
    }
    sleep(ONCE_MORE).await;
    once(&url).await
}

async fn once(url: &str) -> Finding {
    let mut socket = greet(url).await?;
    // Politeness only: the chat was reached, whatever the answer.
    let _closed = socket.close(None).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_mins(10);
    /// Nobody listens on port 1.
    const NOWHERE: &str = "ws://127.0.0.1:1/ws";

    async fn until_ended(reach: &Reach) -> Sight {
        loop {
            let sight = reach.look("uid", NOWHERE, INTERVAL, true);
            if sight.ended.is_some() {
                return sight;
            }
            sleep(sight.again).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_in_doubt_is_probed_at_once_and_then_each_minute() {
        let reach = Reach::default();
        let first = reach.look("uid", NOWHERE, INTERVAL, true);
        assert_eq!((first.found, first.again), (None, SOON));
        let sight = until_ended(&reach).await;
        let problem = sight.found.and_then(Result::err).unwrap();
        assert!(problem.contains("accepts no WebSocket"), "{problem}");
        assert_eq!(sight.again, WHILE_LOST);
        let later = reach.look("uid", NOWHERE, INTERVAL, true);
        assert!(later.found.is_some() && later.ended.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn others_are_probed_some_time_within_the_interval() {
        let reach = Reach::default();
        let waits: Vec<Duration> = (0..100)
            .map(|chat| {
                reach
                    .look(&chat.to_string(), NOWHERE, INTERVAL, false)
                    .again
            })
            .collect();
        assert!(waits.iter().all(|wait| *wait <= INTERVAL));
        let early = waits.iter().filter(|wait| **wait < INTERVAL / 2).count();
        assert!(
            (20..=80).contains(&early),
            "{early} of 100 in the first half"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn another_url_was_probed_just_now() {
        let reach = Reach::default();
        reach.look("uid", NOWHERE, INTERVAL, true);
        let other = reach.look("uid", "ws://127.0.0.1:2/ws", INTERVAL, true);
        assert_eq!((other.found, other.again), (None, INTERVAL));
    }
}
