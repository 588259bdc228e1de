//! `StreamExecuteScanQuery`: one query that only reads.

use std::sync::Arc;

use ydb_grpc::ydb_proto::ResultSet;
use ydb_grpc::ydb_proto::table::execute_scan_query_request::Mode;
use ydb_grpc::ydb_proto::table::query::Query as Content;
use ydb_grpc::ydb_proto::table::{
    ExecuteScanQueryPartialResponse, ExecuteScanQueryPartialResult, ExecuteScanQueryRequest,
};

use super::explain;
use super::request::{blocking, query};
use crate::ydb::caller::Caller;
use crate::ydb::status::{self, YdbError};

/// What came of a scan.
pub(super) enum Scanned {
    Rows(Vec<ResultSet>),
    Plan(String),
}

pub(super) async fn run(
    caller: Caller,
    request: ExecuteScanQueryRequest,
) -> Result<Scanned, YdbError> {
    let content = request.query.and_then(|query| query.query);
    let Some(Content::YqlText(text)) = content else {
        return Err(YdbError::bad_request("the query is missing"));
    };
    let mut query = query(&caller, text, &request.parameters)?;
    if request.mode == Mode::Explain as i32 {
        return explain::plan(&caller, query).await.map(Scanned::Plan);
    }
    query.rights.write = false;
    query.rights.schema = false;
    let database = Arc::clone(&caller.database);
    let results = blocking(move || database.run_alone(&query)).await;
    results.map(Scanned::Rows)
}

/// A part a result set, and never none.
pub(super) fn parts(outcome: Result<Scanned, YdbError>) -> Vec<ExecuteScanQueryPartialResponse> {
    let (status, issues) = status::bare(&outcome);
    let part = |result| ExecuteScanQueryPartialResponse {
        status,
        issues: issues.clone(),
        result,
    };
    let rows = |result_set| ExecuteScanQueryPartialResult {
        result_set: Some(result_set),
        ..ExecuteScanQueryPartialResult::default()
    };
    match outcome {
        Ok(Scanned::Rows(results)) if !results.is_empty() => {
            let results = results.into_iter();
            results.map(|result| part(Some(rows(result)))).collect()
        }
        Ok(Scanned::Plan(plan)) => vec![part(Some(ExecuteScanQueryPartialResult {
            query_stats: Some(explain::statistics(plan)),
            ..ExecuteScanQueryPartialResult::default()
        }))],
        Ok(Scanned::Rows(_)) | Err(_) => vec![part(None)],
    }
}
