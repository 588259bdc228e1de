//! Tables in protobuf: what a request defines, and what a description tells.

use ydb_grpc::ydb_proto::table::table_index::Type as NewIndexKind;
use ydb_grpc::ydb_proto::table::table_index_description::{self, Type as IndexKind};
use ydb_grpc::ydb_proto::table::ttl_settings::Mode as TtlMode;
use ydb_grpc::ydb_proto::table::{
    ColumnMeta, CreateTableRequest, DateTypeColumnModeSettings, DescribeTableResult, GlobalIndex,
    GlobalUniqueIndex, StoreType, TableIndex, TableIndexDescription, TtlSettings,
};

use super::scheme::{Kind, entry};
use crate::ydb::engine::{Index, Table};
use crate::ydb::status::{Place, YdbError};
use crate::ydb::types::ColumnType;
use crate::ydb::yql::ast::{ColumnDefinition, CreateTable, IndexDefinition, Name, Ttl};

/// Seconds between two looks for expired rows.
const SWEEP_SECONDS: u32 = 3600;

pub(super) fn describe(table: &Table) -> DescribeTableResult {
    let columns = table.columns.iter().map(|column| ColumnMeta {
        name: column.name.clone(),
        r#type: Some(column.kind.to_proto()),
        not_null: Some(!column.kind.nullable),
        ..ColumnMeta::default()
    });
    let ttl_settings = table.ttl.as_ref().map(|(column, seconds)| TtlSettings {
        run_interval_seconds: SWEEP_SECONDS,
        mode: Some(TtlMode::DateTypeColumn(DateTypeColumnModeSettings {
            column_name: column.clone(),
            expire_after_seconds: *seconds,
        })),
    });
    DescribeTableResult {
        self_: Some(entry(&table.path, Kind::Table)),
        columns: columns.collect(),
        primary_key: table.primary_key.clone(),
        indexes: table.indexes.iter().map(describe_index).collect(),
        ttl_settings,
        store_type: StoreType::Row as i32,
        ..DescribeTableResult::default()
    }
}

fn describe_index(index: &Index) -> TableIndexDescription {
    let kind = if index.unique {
        IndexKind::GlobalUniqueIndex(GlobalUniqueIndex::default())
    } else {
        IndexKind::GlobalIndex(GlobalIndex::default())
    };
    TableIndexDescription {
        name: index.name.clone(),
        index_columns: index.columns.clone(),
        status: table_index_description::Status::Ready as i32,
        r#type: Some(kind),
        ..TableIndexDescription::default()
    }
}

/// The table that a request wants, as if YQL had said it.
pub(super) fn define(path: String, request: CreateTableRequest) -> Result<Table, YdbError> {
    let mut columns = Vec::new();
    for column in request.columns {
        columns.push(self::column(column)?);
    }
    let indexes: Result<Vec<_>, _> = request.indexes.into_iter().map(index).collect();
    let create = CreateTable {
        table: name(path.clone()),
        if_not_exists: true,
        columns,
        primary_key: request.primary_key.into_iter().map(name).collect(),
        indexes: indexes?,
        ttl: request.ttl_settings.map(ttl).transpose()?,
    };
    if create.primary_key.is_empty() {
        return Err(YdbError::bad_request("a table needs a primary key"));
    }
    Table::define(path, &create)
}

pub(super) fn column(column: ColumnMeta) -> Result<ColumnDefinition, YdbError> {
    let kind = column.r#type.as_ref().and_then(ColumnType::from_proto);
    let Some(kind) = kind else {
        return Err(YdbError::unsupported(format!(
            "the type of column {} is not supported by this emulator",
            column.name
        )));
    };
    Ok(ColumnDefinition {
        name: name(column.name),
        kind: ColumnType {
            nullable: kind.nullable && column.not_null != Some(true),
            ..kind
        },
    })
}

pub(super) fn name(text: String) -> Name {
    Name {
        text,
        place: Place::default(),
    }
}

pub(super) fn index(index: TableIndex) -> Result<IndexDefinition, YdbError> {
    let unique = match index.r#type {
        None | Some(NewIndexKind::GlobalIndex(_)) => false,
        Some(NewIndexKind::GlobalUniqueIndex(_)) => true,
        Some(_) => {
            return Err(YdbError::unsupported(format!(
                "the kind of index {} is not supported by this emulator",
                index.name
            )));
        }
    };
    Ok(IndexDefinition {
        name: name(index.name),
        unique,
        columns: index.index_columns.into_iter().map(name).collect(),
    })
}

pub(super) fn ttl(settings: TtlSettings) -> Result<Ttl, YdbError> {
    match settings.mode {
        Some(TtlMode::DateTypeColumn(mode)) => Ok(Ttl {
            column: name(mode.column_name),
            seconds: mode.expire_after_seconds,
        }),
        _ => Err(YdbError::unsupported(
            "TTL on anything but a time column is not supported by this emulator",
        )),
    }
}
