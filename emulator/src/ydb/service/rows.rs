//! Rows without YQL: `BulkUpsert`, `ReadRows` and `StreamReadTable`. Each is the
//! YQL that means the same, so that there is one planner.

use std::collections::HashMap;
use std::sync::Arc;

use ydb_grpc::ydb_proto as ydb;
use ydb_grpc::ydb_proto::table::key_range::{FromBound, ToBound};
use ydb_grpc::ydb_proto::table::{BulkUpsertRequest, KeyRange, ReadRowsRequest, ReadTableRequest};
use ydb_grpc::ydb_proto::r#type::Type as Kind;

use super::request::{blocking, query};
use crate::ydb::caller::Caller;
use crate::ydb::engine::Table;
use crate::ydb::status::YdbError;

type Parameters = HashMap<String, ydb::TypedValue>;

/// Writes a list of structs.
pub(super) async fn bulk_upsert(
    caller: Caller,
    request: BulkUpsertRequest,
) -> Result<(), YdbError> {
    if request.data_format.is_some() {
        return Err(YdbError::unsupported(
            "BulkUpsert of anything but rows is not supported by this emulator",
        ));
    }
    let path = caller.absolute(&request.table);
    let rows = request
        .rows
        .ok_or_else(|| YdbError::bad_request("the rows are missing"))?;
    let text = format!("UPSERT INTO {} SELECT * FROM AS_TABLE($rows)", quote(&path));
    run(&caller, text, HashMap::from([("$rows".to_owned(), rows)]))
        .await
        .map(drop)
}

/// Reads the rows with these keys.
pub(super) async fn read_rows(
    caller: Caller,
    request: ReadRowsRequest,
) -> Result<Option<ydb::ResultSet>, YdbError> {
    let table = caller.database.table(&caller.absolute(&request.path))?;
    let keys = request
        .keys
        .ok_or_else(|| YdbError::bad_request("the keys are missing"))?;
    let same: Vec<String> = table
        .primary_key
        .iter()
        .map(|key| format!("own.{0} = given.{0}", quote(key)))
        .collect();
    let text = format!(
        "SELECT {} FROM {} AS own INNER JOIN AS_TABLE($keys) AS given ON {}",
        columns(&table, request.columns),
        quote(&table.path),
        same.join(" AND ")
    );
    let parameters = HashMap::from([("$keys".to_owned(), keys)]);
    run(&caller, text, parameters).await
}

/// Reads a range of a table.
pub(super) async fn read_table(
    caller: Caller,
    request: ReadTableRequest,
) -> Result<Option<ydb::ResultSet>, YdbError> {
    let table = caller.database.table(&caller.absolute(&request.path))?;
    let mut parameters = Parameters::new();
    let conditions = conditions(&table, request.key_range, &mut parameters)?;
    let key: Vec<String> = table.primary_key.iter().map(|key| quote(key)).collect();
    let mut text = format!(
        "SELECT {} FROM {} AS own{conditions} ORDER BY {}",
        columns(&table, request.columns),
        quote(&table.path),
        key.join(", ")
    );
    if request.row_limit > 0 {
        text = format!("{text} LIMIT {}", request.row_limit);
    }
    run(&caller, text, parameters).await
}

/// Those that are asked for, or all of them in the table's order.
fn columns(table: &Table, asked: Vec<String>) -> String {
    let names = if asked.is_empty() {
        let all = table.columns.iter();
        all.map(|column| column.name.clone()).collect()
    } else {
        asked
    };
    let listed: Vec<String> = names
        .iter()
        .map(|name| format!("own.{0} AS {0}", quote(name)))
        .collect();
    listed.join(", ")
}

/// `WHERE …` for a range of keys; empty without one.
fn conditions(
    table: &Table,
    range: Option<KeyRange>,
    parameters: &mut Parameters,
) -> Result<String, YdbError> {
    let range = range.unwrap_or_default();
    let from = range.from_bound.map(|bound| match bound {
        FromBound::Greater(key) => (">", false, key),
        FromBound::GreaterOrEqual(key) => (">", true, key),
    });
    let to = range.to_bound.map(|bound| match bound {
        ToBound::Less(key) => ("<", false, key),
        ToBound::LessOrEqual(key) => ("<", true, key),
    });
    let mut all = Vec::new();
    for (side, inclusive, key) in from.into_iter().chain(to) {
        all.push(bound(table, side, inclusive, key, parameters)?);
    }
    Ok(match all.len() {
        0 => String::new(),
        _ => format!(" WHERE {}", all.join(" AND ")),
    })
}

/// A bound on the first columns of the key, as YQL without tuples says it.
fn bound(
    table: &Table,
    side: &str,
    inclusive: bool,
    key: ydb::TypedValue,
    parameters: &mut Parameters,
) -> Result<String, YdbError> {
    let mut names = Vec::new();
    for (value, column) in elements(key)?.into_iter().zip(&table.primary_key) {
        let parameter = format!("$bound{}", parameters.len());
        parameters.insert(parameter.clone(), value);
        names.push((quote(column), parameter));
    }
    let mut alternatives = Vec::new();
    for (at, (column, parameter)) in names.iter().enumerate() {
        let equal = names[..at].iter();
        let mut parts: Vec<String> = equal
            .map(|(column, parameter)| format!("own.{column} = {parameter}"))
            .collect();
        let last = inclusive && at + 1 == names.len();
        let or_equal = if last { "=" } else { "" };
        parts.push(format!("own.{column} {side}{or_equal} {parameter}"));
        alternatives.push(parts.join(" AND "));
    }
    Ok(format!("({})", alternatives.join(" OR ")))
}

/// A tuple's elements, each with its type.
fn elements(key: ydb::TypedValue) -> Result<Vec<ydb::TypedValue>, YdbError> {
    let refuse = || YdbError::bad_request("the bound of a key range must be a tuple");
    let kind = key.r#type.and_then(|kind| kind.r#type);
    let Some(Kind::TupleType(kinds)) = kind else {
        return Err(refuse());
    };
    let items = key.value.ok_or_else(refuse)?.items;
    let typed = kinds.elements.into_iter().zip(items);
    Ok(typed
        .map(|(kind, value)| ydb::TypedValue {
            r#type: Some(kind),
            value: Some(value),
        })
        .collect())
}

/// The first result of a query that is a transaction of its own.
async fn run(
    caller: &Caller,
    text: String,
    parameters: Parameters,
) -> Result<Option<ydb::ResultSet>, YdbError> {
    let query = query(caller, text, &parameters)?;
    let database = Arc::clone(&caller.database);
    let results = blocking(move || database.run_alone(&query)).await?;
    Ok(results.into_iter().next())
}

/// A name as YQL's identifier.
fn quote(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}
