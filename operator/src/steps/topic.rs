//! The topic. It has no REST: it is made through YDB itself. It carries no mark
//! of ours, since YDB refuses attributes that it doesn't know; it lies in a
//! database that is ours.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use wschat_crds::{Occasion, Reason, ResourceStatus};
use ydb::{
    AlterTopicOptionsBuilder, Codec, CreateTopicOptionsBuilder, DescribeTopicOptionsBuilder,
    TopicClient,
};

use super::database::Database;
use super::sight::{LOOK_AGAIN, ask_once, seen, unseen};
use crate::change::{Change, Difference, LATER};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;
use crate::validate::DesiredTopic;
use crate::ydb_client::{connect, is_missing, within};

const RESOURCE: Resource = Resource::Topic;

/// One partition keeps a sender's messages in order: producers are instances of
/// the handler, not users.
const PARTITIONS: i64 = 1;

/// What is published is JSON that goes out as it is.
const CODEC: [Codec; 1] = [Codec::RAW];

/// Sees to it that the topic exists.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    database: &Database,
    desired: &DesiredTopic,
) -> Outcome<()> {
    let known = |saved: &ResourceStatus| saved.hash.is_some().then_some(());
    let outcome = settle(try_ensure(pass, saved, database, desired).await);
    outcome.or_serving(known(saved))
}

async fn try_ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    database: &Database,
    desired: &DesiredTopic,
) -> Result<Outcome<()>, StepError> {
    let path = format!("{}/{}", database.path, desired.name);
    let hash = request_hash(&(&path, desired.retention.as_secs(), PARTITIONS))?;
    if pass.believes(RESOURCE, saved, &hash) {
        return Ok(Outcome::Ready(()));
    }
    let as_wished = saved.hash.as_ref() == Some(&hash);
    let making = |was_there| {
        let request = json!({ "name": desired.name, "retention": seconds(desired.retention) });
        Change::create(RESOURCE, Occasion::of_creation(was_there), &request)
    };
    if database.path == LATER {
        pass.planned(&making(false));
        return Ok(Outcome::Ready(()));
    }
    let mut client = connect(pass, database, RESOURCE).await?.topic_client();
    let Some(found) = look(&mut client, &path).await? else {
        let change = making(saved.hash.is_some());
        if pass.planned(&change) {
            return Ok(Outcome::Ready(()));
        }
        saved.hash = None;
        create(pass, &mut client, &path, desired).await?;
        pass.changes.add(change);
        // Looked at once more before anything is built on it.
        return Ok(Outcome::pending("making the topic", Duration::ZERO));
    };
    found.check_partitions(&path)?;
    let differences = found.differences(desired);
    if !differences.is_empty() {
        let change = Change {
            resource: RESOURCE,
            occasion: Occasion::of_change(as_wished),
            differences,
        };
        if pass.planned(&change) {
            return Ok(Outcome::Ready(()));
        }
        return alter(pass, &mut client, saved, &path, desired, change).await;
    }
    seen(saved);
    saved.path = Some(path);
    saved.hash = Some(hash);
    pass.journal.save(RESOURCE, saved).await?;
    Ok(Outcome::Ready(()))
}

fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs())
}

const RETENTION: &str = "retention";
const CODECS: &str = "supportedCodecs";

/// What the spec decides of a topic, as the cloud reports it. Who reads it,
/// attributes and speeds aren't among that.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    retention: Duration,
    partitions: i64,
    codecs: Vec<Codec>,
}

impl Found {
    /// More partitions than one can't be taken away.
    fn check_partitions(&self, path: &str) -> Result<(), StepError> {
        if self.partitions <= PARTITIONS {
            return Ok(());
        }
        Err(StepError::Broken {
            resource: RESOURCE,
            id: path.to_owned(),
            state: format!(
                "of {} partitions, which YDB cannot take away again and which change the order of \
                 a sender's messages",
                self.partitions
            ),
        })
    }

    /// What isn't as wished, and can be changed (pure).
    fn differences(&self, desired: &DesiredTopic) -> Vec<Difference> {
        let (is, wanted) = (seconds(self.retention), seconds(desired.retention));
        let retention = Difference::between(RETENTION, &is, &wanted);
        let (is, wanted) = (codecs(&self.codecs), codecs(&CODEC));
        let codecs = Difference::between(CODECS, &is, &wanted);
        retention.into_iter().chain(codecs).collect()
    }
}

fn codecs(all: &[Codec]) -> String {
    let mut codes: Vec<i32> = all.iter().map(|codec| codec.code).collect();
    codes.sort_unstable();
    format!("{codes:?}")
}

/// The topic; nothing without one.
async fn look(client: &mut TopicClient, path: &str) -> Result<Option<Found>, StepError> {
    let options = DescribeTopicOptionsBuilder::default().build();
    let described = async { client.describe_topic(path.to_owned(), options?).await };
    match within("look at the topic", Box::pin(described)).await {
        Ok(topic) => Ok(Some(Found {
            retention: topic.retention_period,
            partitions: topic.partitioning_settings.min_active_partitions,
            codecs: topic.supported_codecs,
        })),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Consumers and whatever else the spec doesn't know stay as they are.
async fn alter(
    pass: &Pass<'_>,
    client: &mut TopicClient,
    saved: &mut ResourceStatus,
    path: &str,
    desired: &DesiredTopic,
    change: Change,
) -> Result<Outcome<()>, StepError> {
    let changing = |again| Outcome::waiting(Reason::Updating, "changing the topic", again);
    let fields: Vec<String> = change.differences.iter().map(ToString::to_string).collect();
    let hash = request_hash(&("alter", path, &fields))?;
    if !ask_once(pass, saved, &hash, &change)? {
        return Ok(changing(LOOK_AGAIN));
    }
    if !pass.leadership.holds() {
        return Err(StepError::NotLeading);
    }
    let mut options = AlterTopicOptionsBuilder::default();
    for difference in &change.differences {
        if difference.field == RETENTION {
            options.set_retention_period(desired.retention);
        } else if difference.field == CODECS {
            options.set_supported_codecs(CODEC.to_vec());
        }
    }
    let options = options.build();
    let altered = async { client.alter_topic(path.to_owned(), options?).await };
    let answer = within("change the topic", Box::pin(altered)).await;
    pass.context.metrics.mutated(RESOURCE, answer.is_ok());
    answer?;
    unseen(saved, Timestamp::now());
    pass.changes.add(change);
    // Looked at once more: only what is seen is as wished.
    Ok(changing(Duration::ZERO))
}

/// YDB answers with success for a topic that is there already, so a repetition
/// does no harm.
async fn create(
    pass: &Pass<'_>,
    client: &mut TopicClient,
    path: &str,
    desired: &DesiredTopic,
) -> Result<(), StepError> {
    if !pass.leadership.holds() {
        return Err(StepError::NotLeading);
    }
    let options = CreateTopicOptionsBuilder::default()
        .min_active_partitions(PARTITIONS)
        .partition_count_limit(PARTITIONS)
        .retention_period(desired.retention)
        .supported_codecs(CODEC.to_vec())
        .build();
    let created = async { client.create_topic(path.to_owned(), options?).await };
    let answer = within("create the topic", Box::pin(created)).await;
    pass.context.metrics.mutated(RESOURCE, answer.is_ok());
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_cloud_reports_of_what_was_asked_for_is_compared() {
        let desired = DesiredTopic {
            name: "t".to_owned(),
            retention: Duration::from_hours(1),
        };
        let found = Found {
            retention: Duration::from_hours(2),
            partitions: 1,
            codecs: vec![Codec::ZSTD, Codec::RAW],
        };
        let differences = found.differences(&desired);
        let told: Vec<String> = differences.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "retention: 7200s -> 3600s",
                "supportedCodecs: [1, 4] -> [1]"
            ]
        );
        let as_wished = Found {
            retention: desired.retention,
            codecs: CODEC.to_vec(),
            ..found
        };
        assert_eq!(as_wished.differences(&desired), []);
    }
}
