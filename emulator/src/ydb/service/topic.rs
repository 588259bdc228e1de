//! `Ydb.Topic.V1`: topics and what is known of them.

use std::pin::Pin;
use std::time::Duration;

use futures::Stream;
use tonic::{Request, Response, Status, Streaming};
use ydb_grpc::google_proto_workaround::protobuf::Duration as WireDuration;
use ydb_grpc::ydb_proto::topic::stream_read_message as read;
use ydb_grpc::ydb_proto::topic::stream_write_message::{FromClient, FromServer};
use ydb_grpc::ydb_proto::topic::{
    AlterTopicRequest, AlterTopicResponse, AutoPartitioningStrategy, CommitOffsetRequest,
    CommitOffsetResponse, CommitOffsetResult, CreateTopicRequest, CreateTopicResponse,
    DescribeConsumerRequest, DescribeConsumerResponse, DescribeTopicRequest, DescribeTopicResponse,
    DropTopicRequest, DropTopicResponse, UpdateOffsetsInTransactionRequest,
    UpdateOffsetsInTransactionResponse,
};

use super::request::{caller, not_served};
use super::topic_description::{commit_offset, describe_consumer, describe_topic};
use super::{topic_read, topic_write};
use crate::iam::Permission;
use crate::ydb::Ydb;
use crate::ydb::engine::TopicSettings;
use crate::ydb::proto::topic::topic_service_server::TopicService;
use crate::ydb::status::{self, YdbError};

/// What a topic keeps records for, unless told otherwise.
const RETENTION: Duration = Duration::from_hours(36);
/// Bytes a second that a partition takes, unless told otherwise.
const WRITE_SPEED: i64 = 1024 * 1024;

/// Partitions that a topic may have. The cloud's own limits are lower.
const MOST_PARTITIONS: usize = 1000;

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl TopicService for Ydb {
    async fn create_topic(
        &self,
        request: Request<CreateTopicRequest>,
    ) -> Result<Response<CreateTopicResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let request = request.into_inner();
        let path = caller.absolute(&request.path);
        let outcome = caller
            .must_for_schema(Permission::YdbSchema)
            .and_then(|()| {
                caller.database.must_hold(&path)?;
                if caller.database.table(&path).is_ok() {
                    return Err(YdbError::scheme(format!("{path} is a table")));
                }
                // A topic that exists is no error to YDB.
                caller.database.topics.create(&path, settings(request)?)?;
                Ok(())
            });
        let operation = status::done(&outcome);
        Ok(Response::new(CreateTopicResponse {
            operation: Some(operation),
        }))
    }

    async fn alter_topic(
        &self,
        request: Request<AlterTopicRequest>,
    ) -> Result<Response<AlterTopicResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let request = request.into_inner();
        let path = caller.absolute(&request.path);
        let outcome = caller.must_for_schema(Permission::YdbSchema);
        let change = |settings: &mut TopicSettings| alter(settings, request);
        let outcome = outcome.and_then(|()| caller.database.topics.alter(&path, change));
        let operation = status::done(&outcome);
        Ok(Response::new(AlterTopicResponse {
            operation: Some(operation),
        }))
    }

    async fn describe_topic(
        &self,
        request: Request<DescribeTopicRequest>,
    ) -> Result<Response<DescribeTopicResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let outcome = describe_topic(&caller, request.get_ref());
        let operation = status::result("Topic.DescribeTopicResult", outcome);
        Ok(Response::new(DescribeTopicResponse {
            operation: Some(operation),
        }))
    }

    async fn describe_consumer(
        &self,
        request: Request<DescribeConsumerRequest>,
    ) -> Result<Response<DescribeConsumerResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let outcome = describe_consumer(&caller, request.get_ref());
        let operation = status::result("Topic.DescribeConsumerResult", outcome);
        Ok(Response::new(DescribeConsumerResponse {
            operation: Some(operation),
        }))
    }

    async fn commit_offset(
        &self,
        request: Request<CommitOffsetRequest>,
    ) -> Result<Response<CommitOffsetResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let outcome = commit_offset(&caller, request.get_ref());
        let result = outcome.map(|()| CommitOffsetResult {});
        let operation = status::result("Topic.CommitOffsetResult", result);
        Ok(Response::new(CommitOffsetResponse {
            operation: Some(operation),
        }))
    }

    async fn update_offsets_in_transaction(
        &self,
        request: Request<UpdateOffsetsInTransactionRequest>,
    ) -> Result<Response<UpdateOffsetsInTransactionResponse>, Status> {
        caller(self, request.metadata())?;
        let operation = not_served("UpdateOffsetsInTransaction");
        Ok(Response::new(UpdateOffsetsInTransactionResponse {
            operation: Some(operation),
        }))
    }

    async fn drop_topic(
        &self,
        request: Request<DropTopicRequest>,
    ) -> Result<Response<DropTopicResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let path = caller.absolute(&request.get_ref().path);
        let outcome = caller.must_for_schema(Permission::YdbSchema);
        let outcome = outcome.and_then(|()| caller.database.topics.drop(&path));
        let operation = status::done(&outcome);
        Ok(Response::new(DropTopicResponse {
            operation: Some(operation),
        }))
    }

    async fn stream_read(
        &self,
        request: Request<Streaming<read::FromClient>>,
    ) -> Result<Response<Answers<read::FromServer>>, Status> {
        let caller = caller(self, request.metadata())?;
        let answers = topic_read::session(self.clone(), caller, request.into_inner());
        Ok(Response::new(Box::pin(answers)))
    }

    async fn stream_write(
        &self,
        request: Request<Streaming<FromClient>>,
    ) -> Result<Response<Answers<FromServer>>, Status> {
        let caller = caller(self, request.metadata())?;
        let answers = topic_write::session(self.clone(), caller, request.into_inner());
        Ok(Response::new(Box::pin(answers)))
    }
}

fn settings(request: CreateTopicRequest) -> Result<TopicSettings, YdbError> {
    let wanted = request.partitioning_settings.unwrap_or_default();
    refuse_splitting(wanted.auto_partitioning_settings.map(|auto| auto.strategy))?;
    let speed = request.partition_write_speed_bytes_per_second;
    Ok(TopicSettings {
        partitions: partitions(wanted.min_active_partitions)?,
        retention: request.retention_period.map_or(RETENTION, from_wire),
        codecs: request
            .supported_codecs
            .map(|own| own.codecs)
            .unwrap_or_default(),
        attributes: request.attributes.into_iter().collect(),
        consumers: request.consumers.into_iter().map(|own| own.name).collect(),
        write_speed: if speed == 0 { WRITE_SPEED } else { speed },
        write_burst: request.partition_write_burst_bytes,
        metering_mode: request.metering_mode,
    })
}

/// How many partitions a topic gets: one when nothing is said.
fn partitions(wanted: i64) -> Result<usize, YdbError> {
    match usize::try_from(wanted) {
        Ok(number) if number <= MOST_PARTITIONS => Ok(number.max(1)),
        _ => Err(YdbError::bad_request(format!(
            "{wanted} partitions: from 1 to {MOST_PARTITIONS} are possible"
        ))),
    }
}

/// Partitions stay as many as are asked for.
fn refuse_splitting(strategy: Option<i32>) -> Result<(), YdbError> {
    let plain = [
        AutoPartitioningStrategy::Unspecified as i32,
        AutoPartitioningStrategy::Disabled as i32,
    ];
    if strategy.is_none_or(|strategy| plain.contains(&strategy)) {
        return Ok(());
    }
    Err(YdbError::unsupported(
        "auto-partitioning of topics is not supported by this emulator",
    ))
}

/// An attribute that is set to nothing goes.
fn alter(settings: &mut TopicSettings, request: AlterTopicRequest) -> Result<(), YdbError> {
    if let Some(wanted) = request.alter_partitioning_settings {
        let auto = wanted.alter_auto_partitioning_settings;
        refuse_splitting(auto.and_then(|auto| auto.set_strategy))?;
        if let Some(number) = wanted.set_min_active_partitions {
            let number = partitions(number)?;
            if number < settings.partitions {
                let message = format!("{} partitions can't become fewer", settings.partitions);
                return Err(YdbError::bad_request(message));
            }
            settings.partitions = number;
        }
    }
    if let Some(retention) = request.set_retention_period {
        settings.retention = from_wire(retention);
    }
    if let Some(codecs) = request.set_supported_codecs {
        settings.codecs = codecs.codecs;
    }
    if let Some(speed) = request.set_partition_write_speed_bytes_per_second {
        settings.write_speed = speed;
    }
    if let Some(burst) = request.set_partition_write_burst_bytes {
        settings.write_burst = burst;
    }
    for (name, value) in request.alter_attributes {
        if value.is_empty() {
            settings.attributes.remove(&name);
        } else {
            settings.attributes.insert(name, value);
        }
    }
    settings
        .consumers
        .retain(|own| !request.drop_consumers.contains(own));
    settings
        .consumers
        .extend(request.add_consumers.into_iter().map(|own| own.name));
    Ok(())
}

fn from_wire(duration: WireDuration) -> Duration {
    let seconds = u64::try_from(duration.seconds).unwrap_or_default();
    let nanos = u64::try_from(duration.nanos).unwrap_or_default();
    Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanos))
}
