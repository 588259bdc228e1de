//! `Ydb.Table.V1`.

use std::collections::HashMap;
use std::pin::Pin;

use futures::{Stream, stream};
use tonic::{Request, Response, Status};
use ydb_grpc::ydb_proto::table::keep_alive_result::SessionStatus;
use ydb_grpc::ydb_proto::table::query::Query as Content;
use ydb_grpc::ydb_proto::table::{
    AlterTableRequest, AlterTableResponse, BeginTransactionRequest, BeginTransactionResponse,
    BeginTransactionResult, BulkUpsertRequest, BulkUpsertResponse, BulkUpsertResult,
    CommitTransactionRequest, CommitTransactionResponse, CommitTransactionResult, CopyTableRequest,
    CopyTableResponse, CopyTablesRequest, CopyTablesResponse, CreateSessionRequest,
    CreateSessionResponse, CreateSessionResult, CreateTableRequest, CreateTableResponse,
    DeleteSessionRequest, DeleteSessionResponse, DescribeTableRequest, DescribeTableResponse,
    DropTableRequest, DropTableResponse, ExecuteDataQueryRequest, ExecuteDataQueryResponse,
    ExecuteQueryResult, ExecuteScanQueryPartialResponse, ExecuteScanQueryRequest,
    ExecuteSchemeQueryRequest, ExecuteSchemeQueryResponse, ExplainDataQueryRequest,
    ExplainDataQueryResponse, ExplainQueryResult, KeepAliveRequest, KeepAliveResponse,
    KeepAliveResult, PrepareDataQueryRequest, PrepareDataQueryResponse, PrepareQueryResult,
    ReadRowsRequest, ReadRowsResponse, ReadTableRequest, ReadTableResponse, ReadTableResult,
    RenameTablesRequest, RenameTablesResponse, RollbackTransactionRequest,
    RollbackTransactionResponse, TransactionMeta,
};

use super::request::{blocking, caller, not_served, query, session};
use super::table_alteration::alterations;
use super::table_description::{define, describe};
use super::table_transaction::{mode, scope};
use super::{explain, rows, scan};
use crate::iam::Permission;
use crate::ydb::Ydb;
use crate::ydb::proto::table::table_service_server::TableService;
use crate::ydb::sessions::Scope;
use crate::ydb::status::{self, YdbError};
use crate::ydb::yql;

type Parts<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl TableService for Ydb {
    async fn create_session(
        &self,
        request: Request<CreateSessionRequest>,
    ) -> Result<Response<CreateSessionResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let outcome = caller
            .must(Permission::YdbConnect)
            .map(|()| CreateSessionResult {
                session_id: self.sessions().create(caller.database),
            });
        let operation = status::result("Table.CreateSessionResult", outcome);
        Ok(Response::new(CreateSessionResponse {
            operation: Some(operation),
        }))
    }

    async fn delete_session(
        &self,
        request: Request<DeleteSessionRequest>,
    ) -> Result<Response<DeleteSessionResponse>, Status> {
        caller(self, request.metadata())?;
        let outcome = self.sessions().delete(&request.get_ref().session_id);
        let operation = status::done(&outcome);
        Ok(Response::new(DeleteSessionResponse {
            operation: Some(operation),
        }))
    }

    async fn keep_alive(
        &self,
        request: Request<KeepAliveRequest>,
    ) -> Result<Response<KeepAliveResponse>, Status> {
        caller(self, request.metadata())?;
        let outcome = self.sessions().check(&request.get_ref().session_id);
        let result = outcome.map(|()| KeepAliveResult {
            session_status: SessionStatus::Ready as i32,
        });
        let operation = status::result("Table.KeepAliveResult", result);
        Ok(Response::new(KeepAliveResponse {
            operation: Some(operation),
        }))
    }

    async fn execute_data_query(
        &self,
        request: Request<ExecuteDataQueryRequest>,
    ) -> Result<Response<ExecuteDataQueryResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let request = request.into_inner();
        let (session, _implicit) = session(self, &caller, &request.session_id);
        let outcome = async {
            // A prepared query's id is its text.
            let content = request.query.and_then(|query| query.query);
            let Some(Content::YqlText(text) | Content::Id(text)) = content else {
                return Err(YdbError::bad_request("the query is missing"));
            };
            let query = query(&caller, text, &request.parameters)?;
            let scope = scope(request.tx_control);
            self.sessions().run(session, query, scope).await
        };
        let result = outcome.await.map(|answer| ExecuteQueryResult {
            result_sets: answer.results,
            tx_meta: Some(TransactionMeta {
                id: answer.transaction.unwrap_or_default(),
            }),
            ..ExecuteQueryResult::default()
        });
        let operation = status::result("Table.ExecuteQueryResult", result);
        Ok(Response::new(ExecuteDataQueryResponse {
            operation: Some(operation),
        }))
    }

    async fn execute_scheme_query(
        &self,
        request: Request<ExecuteSchemeQueryRequest>,
    ) -> Result<Response<ExecuteSchemeQueryResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let request = request.into_inner();
        let (session, _implicit) = session(self, &caller, &request.session_id);
        let outcome = async {
            let query = query(&caller, request.yql_text, &HashMap::default())?;
            self.sessions().run(session, query, Scope::Alone).await
        };
        let operation = status::done(&outcome.await);
        Ok(Response::new(ExecuteSchemeQueryResponse {
            operation: Some(operation),
        }))
    }

    async fn describe_table(
        &self,
        request: Request<DescribeTableRequest>,
    ) -> Result<Response<DescribeTableResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let path = caller.absolute(&request.get_ref().path);
        let outcome = caller.must_for_schema(Permission::YdbConnect);
        let outcome = outcome.and_then(|()| caller.database.table(&path));
        let result = outcome.map(|table| describe(&table));
        let operation = status::result("Table.DescribeTableResult", result);
        Ok(Response::new(DescribeTableResponse {
            operation: Some(operation),
        }))
    }

    async fn create_table(
        &self,
        request: Request<CreateTableRequest>,
    ) -> Result<Response<CreateTableResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let request = request.into_inner();
        let path = caller.absolute(&request.path);
        let outcome = async {
            caller.must_for_schema(Permission::YdbSchema)?;
            let table = define(path, request)?;
            // One that exists is no error to YDB.
            blocking(move || caller.database.add_table(table)).await
        };
        let operation = status::done(&outcome.await);
        Ok(Response::new(CreateTableResponse {
            operation: Some(operation),
        }))
    }

    async fn alter_table(
        &self,
        request: Request<AlterTableRequest>,
    ) -> Result<Response<AlterTableResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let request = request.into_inner();
        let path = caller.absolute(&request.path);
        let outcome = async {
            caller.must_for_schema(Permission::YdbSchema)?;
            let changes = alterations(request)?;
            blocking(move || caller.database.alter_table(&path, &changes)).await
        };
        let operation = status::done(&outcome.await);
        Ok(Response::new(AlterTableResponse {
            operation: Some(operation),
        }))
    }

    async fn bulk_upsert(
        &self,
        request: Request<BulkUpsertRequest>,
    ) -> Result<Response<BulkUpsertResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let outcome = rows::bulk_upsert(caller, request.into_inner()).await;
        let result = outcome.map(|()| BulkUpsertResult::default());
        let operation = status::result("Table.BulkUpsertResult", result);
        Ok(Response::new(BulkUpsertResponse {
            operation: Some(operation),
        }))
    }

    async fn read_rows(
        &self,
        request: Request<ReadRowsRequest>,
    ) -> Result<Response<ReadRowsResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let outcome = rows::read_rows(caller, request.into_inner()).await;
        let (status, issues) = status::bare(&outcome);
        Ok(Response::new(ReadRowsResponse {
            status,
            issues,
            result_set: outcome.unwrap_or_default(),
        }))
    }

    async fn stream_read_table(
        &self,
        request: Request<ReadTableRequest>,
    ) -> Result<Response<Parts<ReadTableResponse>>, Status> {
        let caller = caller(self, request.metadata())?;
        let outcome = rows::read_table(caller, request.into_inner()).await;
        let (status, issues) = status::bare(&outcome);
        let part = ReadTableResponse {
            status,
            issues,
            result: outcome
                .ok()
                .map(|result_set| ReadTableResult { result_set }),
            ..ReadTableResponse::default()
        };
        Ok(Response::new(Box::pin(stream::iter([Ok(part)]))))
    }

    async fn stream_execute_scan_query(
        &self,
        request: Request<ExecuteScanQueryRequest>,
    ) -> Result<Response<Parts<ExecuteScanQueryPartialResponse>>, Status> {
        let caller = caller(self, request.metadata())?;
        let parts = scan::parts(scan::run(caller, request.into_inner()).await);
        let parts = parts.into_iter().map(Ok);
        Ok(Response::new(Box::pin(stream::iter(parts))))
    }

    async fn explain_data_query(
        &self,
        request: Request<ExplainDataQueryRequest>,
    ) -> Result<Response<ExplainDataQueryResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let text = request.into_inner().yql_text;
        let outcome = async {
            let query = query(&caller, text, &HashMap::default())?;
            explain::plan(&caller, query).await
        };
        let result = outcome.await.map(|query_plan| ExplainQueryResult {
            query_plan,
            ..ExplainQueryResult::default()
        });
        let operation = status::result("Table.ExplainQueryResult", result);
        Ok(Response::new(ExplainDataQueryResponse {
            operation: Some(operation),
        }))
    }

    async fn copy_table(
        &self,
        request: Request<CopyTableRequest>,
    ) -> Result<Response<CopyTableResponse>, Status> {
        caller(self, request.metadata())?;
        let operation = Some(not_served("CopyTable"));
        Ok(Response::new(CopyTableResponse { operation }))
    }

    async fn copy_tables(
        &self,
        request: Request<CopyTablesRequest>,
    ) -> Result<Response<CopyTablesResponse>, Status> {
        caller(self, request.metadata())?;
        let operation = Some(not_served("CopyTables"));
        Ok(Response::new(CopyTablesResponse { operation }))
    }

    async fn rename_tables(
        &self,
        request: Request<RenameTablesRequest>,
    ) -> Result<Response<RenameTablesResponse>, Status> {
        caller(self, request.metadata())?;
        let operation = Some(not_served("RenameTables"));
        Ok(Response::new(RenameTablesResponse { operation }))
    }

    async fn drop_table(
        &self,
        request: Request<DropTableRequest>,
    ) -> Result<Response<DropTableResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let path = caller.absolute(&request.get_ref().path);
        let outcome = async {
            caller.must_for_schema(Permission::YdbSchema)?;
            blocking(move || caller.database.drop_table(&path, false)).await
        };
        let operation = status::done(&outcome.await);
        Ok(Response::new(DropTableResponse {
            operation: Some(operation),
        }))
    }

    async fn prepare_data_query(
        &self,
        request: Request<PrepareDataQueryRequest>,
    ) -> Result<Response<PrepareDataQueryResponse>, Status> {
        caller(self, request.metadata())?;
        let text = request.into_inner().yql_text;
        let prepared = yql::parse(&text).map(|script| {
            let declared = script.declared.into_iter();
            let types = declared.map(|one| (format!("${}", one.name), one.kind.to_proto()));
            PrepareQueryResult {
                parameters_types: types.collect(),
                query_id: text,
            }
        });
        let operation = status::result("Table.PrepareQueryResult", prepared);
        Ok(Response::new(PrepareDataQueryResponse {
            operation: Some(operation),
        }))
    }

    async fn begin_transaction(
        &self,
        request: Request<BeginTransactionRequest>,
    ) -> Result<Response<BeginTransactionResponse>, Status> {
        caller(self, request.metadata())?;
        let request = request.into_inner();
        let mode = mode(request.tx_settings);
        let begun = self.sessions().begin(&request.session_id, mode);
        let result = begun.map(|id| BeginTransactionResult {
            tx_meta: Some(TransactionMeta { id }),
        });
        let operation = status::result("Table.BeginTransactionResult", result);
        Ok(Response::new(BeginTransactionResponse {
            operation: Some(operation),
        }))
    }

    async fn commit_transaction(
        &self,
        request: Request<CommitTransactionRequest>,
    ) -> Result<Response<CommitTransactionResponse>, Status> {
        caller(self, request.metadata())?;
        let request = request.into_inner();
        let committed = self.sessions().commit(request.session_id, request.tx_id);
        let result = committed.await.map(|()| CommitTransactionResult::default());
        let operation = status::result("Table.CommitTransactionResult", result);
        Ok(Response::new(CommitTransactionResponse {
            operation: Some(operation),
        }))
    }

    async fn rollback_transaction(
        &self,
        request: Request<RollbackTransactionRequest>,
    ) -> Result<Response<RollbackTransactionResponse>, Status> {
        caller(self, request.metadata())?;
        let RollbackTransactionRequest {
            session_id, tx_id, ..
        } = request.into_inner();
        let outcome = self.sessions().roll_back(&session_id, &tx_id);
        let operation = status::done(&outcome);
        Ok(Response::new(RollbackTransactionResponse {
            operation: Some(operation),
        }))
    }
}
