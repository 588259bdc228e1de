//! `Ydb.Topic.V1`: topics of one partition.

use std::pin::Pin;
use std::time::Duration;

use futures::Stream;
use tonic::{Request, Response, Status, Streaming};
use ydb_grpc::google_proto_workaround::protobuf::Duration as WireDuration;
use ydb_grpc::ydb_proto::topic::describe_topic_result::PartitionInfo;
use ydb_grpc::ydb_proto::topic::stream_read_message as read;
use ydb_grpc::ydb_proto::topic::stream_write_message::{FromClient, FromServer};
use ydb_grpc::ydb_proto::topic::{
    AlterTopicRequest, AlterTopicResponse, Consumer, CreateTopicRequest, CreateTopicResponse,
    DescribeTopicRequest, DescribeTopicResponse, DescribeTopicResult, DropTopicRequest,
    DropTopicResponse, PartitioningSettings, SupportedCodecs,
};

use super::request::caller;
use super::scheme::{Kind, entry};
use super::{topic_read, topic_write};
use crate::iam::Permission;
use crate::ydb::Ydb;
use crate::ydb::engine::{Topic, TopicSettings};
use crate::ydb::proto::topic::topic_service_server::TopicService;
use crate::ydb::status::{self, YdbError};

/// What a topic keeps records for, unless told otherwise.
const RETENTION: Duration = Duration::from_hours(36);
/// Bytes a second that a partition takes, unless told otherwise.
const WRITE_SPEED: i64 = 1024 * 1024;

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
        let outcome = caller.must(Permission::YdbSchema).and_then(|()| {
            caller.database.must_hold(&path)?;
            if caller.database.table(&path).is_ok() {
                return Err(YdbError::scheme(format!("{path} is a table")));
            }
            // A topic that exists is no error to YDB.
            caller.database.topics.create(&path, settings(request)?);
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
        let outcome = caller.must(Permission::YdbSchema);
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
        let path = caller.absolute(&request.get_ref().path);
        let outcome = caller.must(Permission::YdbConnect);
        let outcome = outcome.and_then(|()| caller.database.topics.get(&path));
        let operation = status::result("Topic.DescribeTopicResult", outcome.map(describe));
        Ok(Response::new(DescribeTopicResponse {
            operation: Some(operation),
        }))
    }

    async fn drop_topic(
        &self,
        request: Request<DropTopicRequest>,
    ) -> Result<Response<DropTopicResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let path = caller.absolute(&request.get_ref().path);
        let outcome = caller.must(Permission::YdbSchema);
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
    let partitions = request.partitioning_settings.unwrap_or_default();
    if partitions.min_active_partitions > 1 {
        return Err(YdbError::unsupported(
            "topics of more than one partition are not supported by this emulator",
        ));
    }
    let speed = request.partition_write_speed_bytes_per_second;
    Ok(TopicSettings {
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

/// An attribute that is set to nothing goes.
fn alter(settings: &mut TopicSettings, request: AlterTopicRequest) {
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
}

fn describe(topic: Topic) -> DescribeTopicResult {
    let settings = topic.settings;
    let consumer = |name| Consumer {
        name,
        ..Consumer::default()
    };
    DescribeTopicResult {
        self_: Some(entry(&topic.path, Kind::Topic)),
        partitioning_settings: Some(PartitioningSettings {
            min_active_partitions: 1,
            max_active_partitions: 1,
            ..PartitioningSettings::default()
        }),
        partitions: vec![PartitionInfo {
            active: true,
            ..PartitionInfo::default()
        }],
        retention_period: Some(settings.retention.into()),
        supported_codecs: Some(SupportedCodecs {
            codecs: settings.codecs,
        }),
        partition_write_speed_bytes_per_second: settings.write_speed,
        partition_write_burst_bytes: settings.write_burst,
        attributes: settings.attributes.into_iter().collect(),
        consumers: settings.consumers.into_iter().map(consumer).collect(),
        metering_mode: settings.metering_mode,
        ..DescribeTopicResult::default()
    }
}

fn from_wire(duration: WireDuration) -> Duration {
    let seconds = u64::try_from(duration.seconds).unwrap_or_default();
    Duration::new(seconds, u32::try_from(duration.nanos).unwrap_or_default())
}
