//! `Ydb.Scheme.V1`: what is in a database.

use tonic::{Request, Response, Status};
use ydb_grpc::ydb_proto::scheme::entry::Type;
use ydb_grpc::ydb_proto::scheme::{
    DescribePathRequest, DescribePathResponse, DescribePathResult, Entry, ListDirectoryRequest,
    ListDirectoryResponse, ListDirectoryResult,
};

use super::request::caller;
use crate::iam::Permission;
use crate::ydb::Ydb;
use crate::ydb::caller::Caller;
use crate::ydb::proto::scheme::scheme_service_server::SchemeService;
use crate::ydb::status::{self, YdbError};

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Database,
    Table,
    Topic,
}

/// A path, described.
pub(super) fn entry(path: &str, kind: Kind) -> Entry {
    let kind = match kind {
        Kind::Database => Type::Database,
        Kind::Table => Type::Table,
        Kind::Topic => Type::Topic,
    };
    Entry {
        name: path.rsplit('/').next().unwrap_or(path).to_owned(),
        owner: "root@builtin".to_owned(),
        r#type: kind as i32,
        ..Entry::default()
    }
}

/// Tables and topics of a database, by path.
fn children(caller: &Caller) -> Vec<(String, Kind)> {
    let tables = caller.database.tables().into_iter();
    let topics = caller.database.topics.all().into_iter();
    let tables = tables.map(|table| (table.path, Kind::Table));
    tables
        .chain(topics.map(|topic| (topic.path, Kind::Topic)))
        .collect()
}

fn describe(caller: &Caller, path: &str) -> Result<Entry, YdbError> {
    caller.must(Permission::YdbConnect)?;
    if path == caller.database.path {
        return Ok(entry(path, Kind::Database));
    }
    let found = children(caller).into_iter().find(|(own, _)| own == path);
    let (path, kind) = found.ok_or_else(|| YdbError::scheme(format!("Path not found: {path}")))?;
    Ok(entry(&path, kind))
}

#[tonic::async_trait]
impl SchemeService for Ydb {
    async fn list_directory(
        &self,
        request: Request<ListDirectoryRequest>,
    ) -> Result<Response<ListDirectoryResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let path = caller.absolute(&request.get_ref().path);
        let result = describe(&caller, &path).map(|own| ListDirectoryResult {
            self_: Some(own),
            children: children(&caller)
                .iter()
                .filter(|(child, _)| child.rsplit_once('/').is_some_and(|(own, _)| own == path))
                .map(|(child, kind)| entry(child, *kind))
                .collect(),
        });
        let operation = status::result("Scheme.ListDirectoryResult", result);
        Ok(Response::new(ListDirectoryResponse {
            operation: Some(operation),
        }))
    }

    async fn describe_path(
        &self,
        request: Request<DescribePathRequest>,
    ) -> Result<Response<DescribePathResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let path = caller.absolute(&request.get_ref().path);
        let result = describe(&caller, &path).map(|own| DescribePathResult { self_: Some(own) });
        let operation = status::result("Scheme.DescribePathResult", result);
        Ok(Response::new(DescribePathResponse {
            operation: Some(operation),
        }))
    }
}
