//! What functions did: their last calls, and the lines that they wrote.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

/// How many calls are kept.
const CALLS: usize = 1_000;
/// How many lines are kept.
const LINES: usize = 5_000;

/// A call, from the moment when it is given to an instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallRecord {
    /// `context.requestId`.
    pub request_id: String,
    /// The function.
    pub function_id: String,
    /// Its version.
    pub version_id: String,
    /// The process that ran it.
    pub process: Option<u32>,
    /// When.
    pub at: Timestamp,
    /// How long it took; none while it runs.
    pub millis: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Where a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A line of a function's log.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// When it was read.
    pub at: Timestamp,
    /// The function.
    pub function_id: String,
    /// Its version.
    pub version_id: String,
    /// The process that wrote it.
    pub process: Option<u32>,
    /// Where to.
    pub stream: Stream,
    /// The calls that ran in the process then, or the one that did last: whose
    /// line it is can't be told from outside when they are several.
    pub request_ids: Vec<String>,
    /// The line.
    pub text: String,
}

/// Calls and lines, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Story {
    /// The last 1,000 calls.
    pub calls: VecDeque<CallRecord>,
    /// The last 5,000 lines.
    pub lines: VecDeque<LogLine>,
}

/// Keeps the story of all functions; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Journal(Arc<Mutex<Story>>);

impl Journal {
    fn story(&self) -> MutexGuard<'_, Story> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins.
    pub(super) fn began(&self, call: CallRecord) {
        push(&mut self.story().calls, call, CALLS);
    }

    /// A call ended, maybe badly.
    pub(super) fn ended(&self, request_id: &str, millis: u64, error: Option<String>) {
        let mut story = self.story();
        let mut newest_first = story.calls.iter_mut().rev();
        if let Some(call) = newest_first.find(|call| call.request_id == request_id) {
            call.millis = Some(millis);
            call.error = error;
        }
    }

    /// A function wrote a line.
    pub(super) fn line(&self, line: LogLine) {
        push(&mut self.story().lines, line, LINES);
    }

    /// What is known of one function, or of all.
    pub(super) fn of(&self, function_id: Option<&str>) -> Story {
        let story = self.story();
        let wanted = |id: &str| function_id.is_none_or(|function| function == id);
        Story {
            calls: kept(&story.calls, |call| wanted(&call.function_id)),
            lines: kept(&story.lines, |line| wanted(&line.function_id)),
        }
    }
}

fn push<T>(queue: &mut VecDeque<T>, item: T, most: usize) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(item);
}

fn kept<T: Clone>(queue: &VecDeque<T>, wanted: impl Fn(&T) -> bool) -> VecDeque<T> {
    queue.iter().filter(|item| wanted(item)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{CALLS, CallRecord, Journal};

    fn call(number: usize, function_id: &str) -> CallRecord {
        CallRecord {
            request_id: number.to_string(),
            function_id: function_id.to_owned(),
            version_id: "v".to_owned(),
            process: None,
            at: Timestamp::UNIX_EPOCH,
            millis: None,
            error: None,
        }
    }

    #[test]
    fn the_newest_calls_are_kept_and_told_by_function() {
        let journal = Journal::default();
        for number in 0..=CALLS {
            journal.began(call(number, if number % 2 == 0 { "even" } else { "odd" }));
        }
        journal.ended("4", 7, Some("bad".to_owned()));
        let even = journal.of(Some("even"));
        assert_eq!(even.calls.len(), CALLS / 2);
        assert_eq!(even.calls[0].request_id, "2");
        assert_eq!(even.calls[1].millis, Some(7));
        assert_eq!(journal.of(None).calls.len(), CALLS);
    }
}
