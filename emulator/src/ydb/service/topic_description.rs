//! What is told of topics and consumers, and the place of a consumer that is
//! set without a reader.

use ydb_grpc::ydb_proto::topic::describe_consumer_result::{
    PartitionConsumerStats, PartitionInfo as ConsumerPartition,
};
use ydb_grpc::ydb_proto::topic::describe_topic_result::PartitionInfo;
use ydb_grpc::ydb_proto::topic::{
    AutoPartitioningSettings, AutoPartitioningStrategy, CommitOffsetRequest, Consumer,
    DescribeConsumerRequest, DescribeConsumerResult, DescribeTopicRequest, DescribeTopicResult,
    MultipleWindowsStat, OffsetsRange, PartitionStats, PartitioningSettings, SupportedCodecs,
};

use super::scheme::{Kind, entry};
use crate::iam::Permission;
use crate::ydb::caller::Caller;
use crate::ydb::engine::{PartitionKey, Topic};
use crate::ydb::status::YdbError;

pub(super) fn describe_topic(
    caller: &Caller,
    request: &DescribeTopicRequest,
) -> Result<DescribeTopicResult, YdbError> {
    caller.must_for_schema(Permission::YdbConnect)?;
    let topic = caller
        .database
        .topics
        .get(&caller.absolute(&request.path))?;
    let mut partitions = Vec::new();
    for number in 0..topic.settings.partitions {
        let key = PartitionKey::new(&topic.path, number);
        partitions.push(PartitionInfo {
            partition_id: signed(number),
            active: true,
            partition_stats: statistics(caller, &key, request.include_stats)?,
            ..PartitionInfo::default()
        });
    }
    let Topic { path, settings, .. } = topic;
    let consumers = settings.consumers.into_iter().map(consumer);
    Ok(DescribeTopicResult {
        self_: Some(entry(&path, Kind::Topic)),
        partitioning_settings: Some(PartitioningSettings {
            min_active_partitions: signed(settings.partitions),
            max_active_partitions: signed(settings.partitions),
            // The Go SDK takes none for a mistake.
            auto_partitioning_settings: Some(AutoPartitioningSettings {
                strategy: AutoPartitioningStrategy::Disabled as i32,
                ..AutoPartitioningSettings::default()
            }),
            ..PartitioningSettings::default()
        }),
        partitions,
        retention_period: Some(settings.retention.into()),
        supported_codecs: Some(SupportedCodecs {
            codecs: settings.codecs,
        }),
        partition_write_speed_bytes_per_second: settings.write_speed,
        partition_write_burst_bytes: settings.write_burst,
        attributes: settings.attributes.into_iter().collect(),
        consumers: consumers.collect(),
        metering_mode: settings.metering_mode,
        ..DescribeTopicResult::default()
    })
}

pub(super) fn describe_consumer(
    caller: &Caller,
    request: &DescribeConsumerRequest,
) -> Result<DescribeConsumerResult, YdbError> {
    caller.must_for_schema(Permission::YdbConnect)?;
    let topic = with_consumer(caller, &request.path, &request.consumer)?;
    let mut partitions = Vec::new();
    for number in 0..topic.settings.partitions {
        let key = PartitionKey::new(&topic.path, number);
        let committed = caller.database.topics.committed(&key, &request.consumer);
        partitions.push(ConsumerPartition {
            partition_id: signed(number),
            active: true,
            partition_stats: statistics(caller, &key, request.include_stats)?,
            partition_consumer_stats: request.include_stats.then(|| PartitionConsumerStats {
                committed_offset: offset(committed),
                bytes_read: Some(MultipleWindowsStat::default()),
                ..PartitionConsumerStats::default()
            }),
            ..ConsumerPartition::default()
        });
    }
    Ok(DescribeConsumerResult {
        self_: Some(entry(&topic.path, Kind::Topic)),
        consumer: Some(consumer(request.consumer.clone())),
        partitions,
    })
}

/// Moves a consumer's place, forth or back.
pub(super) fn commit_offset(
    caller: &Caller,
    request: &CommitOffsetRequest,
) -> Result<(), YdbError> {
    caller.must(Permission::TopicRead)?;
    let topic = with_consumer(caller, &request.path, &request.consumer)?;
    let refuse = |what: &str, number: i64| YdbError::bad_request(format!("no {what} {number}"));
    let number = usize::try_from(request.partition_id)
        .map_err(|_| refuse("partition", request.partition_id))?;
    let place = u64::try_from(request.offset).map_err(|_| refuse("offset", request.offset))?;
    let key = PartitionKey::new(&topic.path, number);
    let topics = &caller.database.topics;
    topics.set_committed(&key, &request.consumer, place)
}

/// A topic that must have the consumer.
pub(super) fn with_consumer(
    caller: &Caller,
    path: &str,
    consumer: &str,
) -> Result<Topic, YdbError> {
    let topic = caller.database.topics.get(&caller.absolute(path))?;
    if topic.settings.consumers.iter().any(|own| own == consumer) {
        return Ok(topic);
    }
    let message = format!("no consumer {consumer:?} of {}", topic.path);
    Err(YdbError::bad_request(message))
}

fn consumer(name: String) -> Consumer {
    Consumer {
        name,
        ..Consumer::default()
    }
}

fn statistics(
    caller: &Caller,
    key: &PartitionKey,
    wanted: bool,
) -> Result<Option<PartitionStats>, YdbError> {
    if !wanted {
        return Ok(None);
    }
    let offsets = caller.database.topics.offsets(key)?;
    Ok(Some(PartitionStats {
        partition_offsets: Some(OffsetsRange {
            start: offset(offsets.start),
            end: offset(offsets.end),
        }),
        last_write_time: Some(ydb_grpc::google_proto_workaround::protobuf::Timestamp::default()),
        max_write_time_lag: Some(ydb_grpc::google_proto_workaround::protobuf::Duration::default()),
        bytes_written: Some(MultipleWindowsStat::default()),
        ..PartitionStats::default()
    }))
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn offset(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}
