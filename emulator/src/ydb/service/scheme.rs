//! `Ydb.Scheme.V1`: what is in a database.

use std::collections::BTreeMap;

use tonic::{Request, Response, Status};
use ydb_grpc::ydb_proto::scheme::entry::Type;
use ydb_grpc::ydb_proto::scheme::{
    DescribePathRequest, DescribePathResponse, DescribePathResult, Entry, ListDirectoryRequest,
    ListDirectoryResponse, ListDirectoryResult, MakeDirectoryRequest, MakeDirectoryResponse,
    RemoveDirectoryRequest, RemoveDirectoryResponse,
};

use super::request::caller;
use crate::iam::Permission;
use crate::ydb::Ydb;
use crate::ydb::caller::Caller;
use crate::ydb::engine::Database;
use crate::ydb::proto::scheme::scheme_service_server::SchemeService;
use crate::ydb::status::{self, YdbError};

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Database,
    Directory,
    Table,
    Topic,
}

/// A path, described.
pub(super) fn entry(path: &str, kind: Kind) -> Entry {
    let kind = match kind {
        Kind::Database => Type::Database,
        Kind::Directory => Type::Directory,
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

/// All that is below a database, by path. Directories are made, or follow from
/// what lies in them.
fn objects(database: &Database) -> BTreeMap<String, Kind> {
    let tables = database.tables().into_iter();
    let tables = tables.map(|table| (table.path, Kind::Table));
    let topics = database.topics.all().into_iter();
    let topics = topics.map(|topic| (topic.path, Kind::Topic));
    let directories = database.directories().into_iter();
    let directories = directories.map(|path| (path, Kind::Directory));
    let mut all = BTreeMap::from([(database.path.clone(), Kind::Database)]);
    for (path, kind) in tables.chain(topics).chain(directories) {
        let mut above = parent(&path);
        while !all.contains_key(above) && above.len() > database.path.len() {
            all.insert(above.to_owned(), Kind::Directory);
            above = parent(above);
        }
        all.insert(path, kind);
    }
    all
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(above, _)| above)
}

fn describe(caller: &Caller, path: &str) -> Result<Entry, YdbError> {
    caller.must_for_schema(Permission::YdbConnect)?;
    let kind = objects(&caller.database).get(path).copied();
    let kind = kind.ok_or_else(|| YdbError::scheme(format!("Path not found: {path}")))?;
    Ok(entry(path, kind))
}

fn make_directory(caller: &Caller, path: &str) -> Result<(), YdbError> {
    caller.must_for_schema(Permission::YdbSchema)?;
    match objects(&caller.database).get(path) {
        Some(Kind::Directory | Kind::Database) => Ok(()),
        Some(Kind::Table | Kind::Topic) => Err(YdbError::scheme(format!("{path} is no directory"))),
        None => caller.database.make_directory(path),
    }
}

fn remove_directory(caller: &Caller, path: &str) -> Result<(), YdbError> {
    caller.must_for_schema(Permission::YdbSchema)?;
    let all = objects(&caller.database);
    if all.get(path) != Some(&Kind::Directory) {
        return Err(YdbError::scheme(format!("Path not found: {path}")));
    }
    if all.keys().any(|other| parent(other) == path) {
        return Err(YdbError::scheme(format!("{path} is not empty")));
    }
    caller.database.remove_directory(path)
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
            children: objects(&caller.database)
                .iter()
                .filter(|(child, _)| parent(child) == path)
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

    async fn make_directory(
        &self,
        request: Request<MakeDirectoryRequest>,
    ) -> Result<Response<MakeDirectoryResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let path = caller.absolute(&request.get_ref().path);
        let operation = status::done(&make_directory(&caller, &path));
        Ok(Response::new(MakeDirectoryResponse {
            operation: Some(operation),
        }))
    }

    async fn remove_directory(
        &self,
        request: Request<RemoveDirectoryRequest>,
    ) -> Result<Response<RemoveDirectoryResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let path = caller.absolute(&request.get_ref().path);
        let operation = status::done(&remove_directory(&caller, &path));
        Ok(Response::new(RemoveDirectoryResponse {
            operation: Some(operation),
        }))
    }
}
