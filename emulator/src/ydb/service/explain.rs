//! What a query would do, without doing it.

use std::sync::Arc;

use serde_json::json;
use ydb_grpc::ydb_proto::table_stats::QueryStats;

use super::request::blocking;
use crate::ydb::caller::Caller;
use crate::ydb::engine::Query;
use crate::ydb::status::YdbError;

/// Checks a query and tells its plan, as far as there is one here: the tables.
/// The outer form is that of YDB's plans, which clients may parse.
pub(super) async fn plan(caller: &Caller, query: Query) -> Result<String, YdbError> {
    let database = Arc::clone(&caller.database);
    let tables = blocking(move || database.explain(&query)).await?;
    let tables: Vec<_> = tables.iter().map(|path| json!({ "name": path })).collect();
    let plan = json!({
        "meta": { "version": "0.2", "type": "query" },
        "tables": tables,
        "Plan": { "Node Type": "Query", "PlanNodeType": "Query" },
    });
    Ok(plan.to_string())
}

/// Where the query service puts a plan.
pub(super) fn statistics(plan: String) -> QueryStats {
    QueryStats {
        query_plan: plan,
        ..QueryStats::default()
    }
}
