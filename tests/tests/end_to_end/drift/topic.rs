//! What people do to a chat's topic, which has no REST.

use std::time::Duration;

use libtest_mimic::Failed;
use wschat_crds::ConditionStatus;
use wschat_tests::cloud::Cloud;
use wschat_tests::wait::{eventually, wait_for};
use ydb::{
    AccessTokenCredentials, AlterTopicOptions, AlterTopicOptionsBuilder, Client, ClientBuilder,
    Codec, ConsumerBuilder, DescribeTopicOptionsBuilder, TopicClient, YdbError,
};

use super::{OFTEN, is_told};
use crate::delete::{delete, made};
use crate::stage::{SOON, Stage};
use crate::suite::Scene;
use crate::updates::says;

const HOUR: Duration = Duration::from_hours(1);

pub(super) async fn changed_by_hand(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set_with(scene, &OFTEN).await?;
    stage.lobby().await?;
    let (topics, path) = topic(&stage).await?;
    let theirs = ConsumerBuilder::default()
        .name("theirs".to_owned())
        .build()?;
    let by_hand = AlterTopicOptionsBuilder::default()
        .set_retention_period(HOUR * 2)
        .set_supported_codecs(vec![Codec::RAW, Codec::GZIP])
        .add_consumers(vec![theirs])
        .build()?;
    alter(&topics, &path, by_hand).await?;
    let back = || async {
        let options = DescribeTopicOptionsBuilder::default().build()?;
        let is = topics.clone().describe_topic(path.clone(), options).await?;
        let consumers: Vec<&str> = is.consumers.iter().map(|one| one.name.as_str()).collect();
        let all = (is.retention_period, is.supported_codecs, consumers);
        if all == (HOUR, vec![Codec::RAW], vec!["theirs"]) {
            return Ok(());
        }
        Err(YdbError::Custom(format!("{all:?}")))
    };
    eventually("the topic to be as before", SOON, back).await?;
    is_told(&stage, "DriftRepaired", 1).await?;

    // More partitions can't be taken away again, not even by the operator.
    let more = AlterTopicOptionsBuilder::default()
        .set_min_active_partitions(2)
        .build()?;
    alter(&topics, &path, more).await?;
    let chats = stage.chats();
    wait_for(&chats, "lobby", "two partitions", SOON, |chat| {
        says(
            chat,
            "Reconciling",
            ConditionStatus::True,
            "OperationFailed",
        ) && says(chat, "Ready", ConditionStatus::True, "Ready")
    })
    .await?;
    topics.clone().drop_topic(path.clone()).await?;
    wait_for(&chats, "lobby", "another topic", SOON, |chat| {
        says(chat, "Reconciling", ConditionStatus::False, "UpToDate")
            && says(chat, "TopicReady", ConditionStatus::True, "Ready")
    })
    .await?;
    is_told(&stage, "Remade", 1).await?;
    delete(&stage, "lobby").await?;
    assert_eq!(made(&stage).await?, Vec::<String>::new());
    stage.clear().await
}

async fn alter(
    topics: &TopicClient,
    path: &str,
    options: AlterTopicOptions,
) -> Result<(), YdbError> {
    topics.clone().alter_topic(path.to_owned(), options).await
}

/// The chat's topic, for somebody with the operator's rights.
async fn topic(stage: &Stage) -> Result<(TopicClient, String), Failed> {
    let cloud_state = stage.emulator.state().await?;
    let endpoint = cloud_state.databases[0]["endpoint"]
        .as_str()
        .ok_or("no endpoint")?;
    let (_, database) = endpoint.split_once("/?database=").ok_or("no path")?;
    let cloud = Cloud::of(stage.emulator.addresses())?;
    let token = cloud.client().tokens().get().await?.value;
    let client: Client = ClientBuilder::new_from_connection_string(endpoint)?
        .with_credentials(AccessTokenCredentials::from(token))
        .build()
        .await?;
    Ok((client.topic_client(), format!("{database}/broadcast-topic")))
}
