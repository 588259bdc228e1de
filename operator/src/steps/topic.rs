//! The topic. It has no REST: it is made through YDB itself. It carries no mark
//! of ours, since YDB refuses attributes that it doesn't know; it lies in a
//! database that is ours.

use wschat_crds::ResourceStatus;
use ydb::{Codec, CreateTopicOptionsBuilder, DescribeTopicOptionsBuilder, TopicClient};

use super::database::Database;
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

/// Sees to it that the topic exists.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    database: &Database,
    desired: &DesiredTopic,
) -> Outcome<()> {
    settle(try_ensure(pass, saved, database, desired).await)
}

async fn try_ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    database: &Database,
    desired: &DesiredTopic,
) -> Result<Outcome<()>, StepError> {
    let path = format!("{}/{}", database.path, desired.name);
    let hash = request_hash(&(&path, desired.retention.as_secs(), PARTITIONS))?;
    if let Some(made) = &saved.hash {
        return Ok(Outcome::made((), made, &hash));
    }
    let mut client = connect(&pass.context.cloud, database, RESOURCE)
        .await?
        .topic_client();
    if !exists(&mut client, &path).await? {
        create(pass, &mut client, &path, desired).await?;
    }
    saved.path = Some(path);
    saved.hash = Some(hash);
    pass.journal.save(RESOURCE, saved).await?;
    Ok(Outcome::Ready(()))
}

async fn exists(client: &mut TopicClient, path: &str) -> Result<bool, StepError> {
    let options = DescribeTopicOptionsBuilder::default().build();
    let described = async { client.describe_topic(path.to_owned(), options?).await };
    match within("look at the topic", Box::pin(described)).await {
        Ok(_) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// YDB answers with success for a topic that is there already, so a repetition
/// does no harm.
async fn create(
    pass: &Pass<'_>,
    client: &mut TopicClient,
    path: &str,
    desired: &DesiredTopic,
) -> Result<(), StepError> {
    if !pass.context.leadership.holds() {
        return Err(StepError::NotLeading);
    }
    let options = CreateTopicOptionsBuilder::default()
        .min_active_partitions(PARTITIONS)
        .partition_count_limit(PARTITIONS)
        .retention_period(desired.retention)
        // What is published is JSON that goes out as it is.
        .supported_codecs(vec![Codec::RAW])
        .build();
    let created = async { client.create_topic(path.to_owned(), options?).await };
    let answer = within("create the topic", Box::pin(created)).await;
    pass.context.metrics.mutated(RESOURCE, answer.is_ok());
    answer
}
