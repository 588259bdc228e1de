//! What a test may look at inside the emulated cloud, and turn there, beside
//! what the cloud itself offers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Emulator, EmulatorError, read, send};

/// A record of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TopicRecord {
    /// Its place in the partition.
    pub offset: u64,
    /// What was written.
    pub text: String,
}

/// A call of a function.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Call {
    /// The process that runs it, or ran it.
    pub process: Option<u32>,
    /// How long it took, in milliseconds; none while it runs.
    pub millis: Option<u64>,
}

#[derive(Deserialize)]
struct Story {
    calls: Vec<Call>,
}

impl Emulator {
    /// Moves the cloud's clock forward by so much, such as `20m`.
    pub async fn advance_clock(&self, by: &str) -> Result<(), EmulatorError> {
        let url = self.url("/_emulator/clock");
        let call = self.http.put(&url).json(&json!({ "advance": by }));
        send(call, "PUT", url).await.map(drop)
    }

    /// Replaces its faults by these rules, as `docs/faults.md` has them.
    pub async fn set_fault_rules(&self, rules: &[Value]) -> Result<(), EmulatorError> {
        let url = self.url("/_emulator/faults");
        let call = self.http.put(&url).json(rules);
        send(call, "PUT", url).await.map(drop)
    }

    /// The last `most` records of its topics, oldest first. For a cloud with
    /// one topic of one partition.
    pub async fn topic_tail(&self, most: usize) -> Result<Vec<TopicRecord>, EmulatorError> {
        let path = format!("/_emulator/topics?last={most}");
        let topics: BTreeMap<String, Vec<TopicRecord>> = self.get(&path).await?;
        Ok(topics.into_values().flatten().collect())
    }

    /// The last calls of functions, oldest first.
    pub async fn calls(&self) -> Result<Vec<Call>, EmulatorError> {
        let url = self.url("/_emulator/calls");
        let answer = send(self.http.get(&url), "GET", url.clone()).await?;
        let story: Story = read(answer, url).await?;
        Ok(story.calls)
    }
}
