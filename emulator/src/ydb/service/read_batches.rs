//! Records as a reader gets them.

use jiff::Timestamp;
use ydb_grpc::google_proto_workaround::protobuf::Timestamp as WireTimestamp;
use ydb_grpc::ydb_proto::topic::MetadataItem;
use ydb_grpc::ydb_proto::topic::stream_read_message::read_response::{
    Batch, MessageData, PartitionData,
};

use crate::ydb::engine::Stored;

/// What a record costs of a reader's credit: at least one byte, or credit for
/// empty ones would never end.
fn cost(record: &Stored) -> i64 {
    i64::try_from(record.message.data.len()).map_or(i64::MAX, |bytes| bytes.max(1))
}

/// What records cost together.
pub(super) fn size(records: &[Stored]) -> i64 {
    records.iter().map(cost).fold(0, i64::saturating_add)
}

/// How many records go before the credit is used up.
pub(super) fn takes(records: &[Stored], mut credit: i64) -> usize {
    let mut taken = 0;
    for record in records {
        if credit <= 0 {
            break;
        }
        credit -= cost(record);
        taken += 1;
    }
    taken
}

/// Batches of records that have producer, codec and time in common.
pub(super) fn partition_data(session: i64, records: &[Stored]) -> PartitionData {
    let alike = |one: &Stored, next: &Stored| {
        one.producer == next.producer
            && one.written == next.written
            && one.message.codec == next.message.codec
    };
    PartitionData {
        partition_session_id: session,
        batches: records.chunk_by(alike).map(batch).collect(),
    }
}

fn batch(records: &[Stored]) -> Batch {
    let first = records.first();
    Batch {
        message_data: records.iter().map(message).collect(),
        producer_id: first
            .map(|first| first.producer.clone())
            .unwrap_or_default(),
        codec: first.map(|first| first.message.codec).unwrap_or_default(),
        written_at: first.map(|first| to_wire(first.written)),
        ..Batch::default()
    }
}

fn message(record: &Stored) -> MessageData {
    let created = Timestamp::from_microsecond(record.message.created_micros);
    MessageData {
        offset: i64::try_from(record.offset).unwrap_or(i64::MAX),
        seq_no: record.message.number,
        created_at: created.ok().map(to_wire),
        data: record.message.data.clone(),
        uncompressed_size: record.message.uncompressed_size,
        message_group_id: record.producer.clone(),
        metadata_items: metadata(record),
    }
}

fn metadata(record: &Stored) -> Vec<MetadataItem> {
    let items = record.message.metadata.iter().cloned();
    items
        .map(|(key, value)| MetadataItem { key, value })
        .collect()
}

fn to_wire(time: Timestamp) -> WireTimestamp {
    WireTimestamp {
        seconds: time.as_second(),
        nanos: time.subsec_nanosecond(),
    }
}
