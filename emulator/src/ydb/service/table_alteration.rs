//! What an `AlterTable` request changes, as if YQL had said it.

use ydb_grpc::ydb_proto::table::AlterTableRequest;
use ydb_grpc::ydb_proto::table::alter_table_request::TtlAction;

use super::table_description::{column, index, name, ttl};
use crate::ydb::status::YdbError;
use crate::ydb::yql::ast::Alteration;

/// The changes in the order that doesn't get in its own way: an index goes
/// before its columns do, and comes after them.
pub(super) fn alterations(request: AlterTableRequest) -> Result<Vec<Alteration>, YdbError> {
    refuse_others(&request)?;
    let mut changes = Vec::new();
    for own in request.drop_indexes {
        changes.push(Alteration::DropIndex(name(own)));
    }
    match request.ttl_action {
        Some(TtlAction::SetTtlSettings(settings)) => {
            changes.push(Alteration::SetTtl(ttl(settings)?));
        }
        Some(TtlAction::DropTtlSettings(_)) => changes.push(Alteration::ResetTtl),
        None => {}
    }
    for own in request.drop_columns {
        changes.push(Alteration::DropColumn(name(own)));
    }
    for own in request.add_columns {
        changes.push(Alteration::AddColumn(column(own)?));
    }
    for own in request.add_indexes {
        changes.push(Alteration::AddIndex(index(own)?));
    }
    Ok(changes)
}

fn refuse_others(request: &AlterTableRequest) -> Result<(), YdbError> {
    let others = [
        (!request.alter_columns.is_empty(), "altering columns"),
        (!request.rename_indexes.is_empty(), "renaming indexes"),
        (!request.add_changefeeds.is_empty(), "changefeeds"),
        (!request.drop_changefeeds.is_empty(), "changefeeds"),
        (!request.add_column_families.is_empty(), "column families"),
        (!request.alter_column_families.is_empty(), "column families"),
        (!request.alter_attributes.is_empty(), "attributes of tables"),
        (request.tiering_action.is_some(), "tiering"),
    ];
    match others.iter().find(|(asked, _)| *asked) {
        Some((_, what)) => Err(YdbError::unsupported(format!(
            "AlterTable: {what}: not supported by this emulator"
        ))),
        None => Ok(()),
    }
}
