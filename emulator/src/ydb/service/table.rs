//! `Ydb.Table.V1`.

use std::collections::HashMap;

use tonic::{Request, Response, Status};
use ydb_grpc::ydb_proto::table::keep_alive_result::SessionStatus;
use ydb_grpc::ydb_proto::table::query::Query as Content;
use ydb_grpc::ydb_proto::table::table_index_description::{self, Type as IndexKind};
use ydb_grpc::ydb_proto::table::transaction_control::TxSelector;
use ydb_grpc::ydb_proto::table::transaction_settings::TxMode;
use ydb_grpc::ydb_proto::table::ttl_settings::Mode as TtlMode;
use ydb_grpc::ydb_proto::table::{
    ColumnMeta, CreateSessionRequest, CreateSessionResponse, CreateSessionResult,
    DateTypeColumnModeSettings, DeleteSessionRequest, DeleteSessionResponse, DescribeTableRequest,
    DescribeTableResponse, DescribeTableResult, DropTableRequest, DropTableResponse,
    ExecuteDataQueryRequest, ExecuteDataQueryResponse, ExecuteQueryResult,
    ExecuteSchemeQueryRequest, ExecuteSchemeQueryResponse, GlobalIndex, GlobalUniqueIndex,
    KeepAliveRequest, KeepAliveResponse, KeepAliveResult, StoreType, TableIndexDescription,
    TransactionControl, TransactionMeta, TtlSettings,
};

use super::request::{caller, query, session};
use super::scheme::{Kind, entry};
use crate::iam::Permission;
use crate::ydb::Ydb;
use crate::ydb::engine::{Index, Mode, Table};
use crate::ydb::proto::table::table_service_server::TableService;
use crate::ydb::sessions::Scope;
use crate::ydb::status::{self, YdbError};

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
            let Some(Content::YqlText(text)) = request.query.and_then(|query| query.query) else {
                return Err(YdbError::bad_request(
                    "the query's text is missing; prepared queries are not supported",
                ));
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
        let outcome = caller.must(Permission::YdbConnect);
        let outcome = outcome.and_then(|()| caller.database.table(&path));
        let result = outcome.map(|table| describe(&table));
        let operation = status::result("Table.DescribeTableResult", result);
        Ok(Response::new(DescribeTableResponse {
            operation: Some(operation),
        }))
    }

    async fn drop_table(
        &self,
        request: Request<DropTableRequest>,
    ) -> Result<Response<DropTableResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let path = caller.absolute(&request.get_ref().path);
        let outcome = caller.must(Permission::YdbSchema);
        let outcome = outcome.and_then(|()| caller.database.drop_table(&path, false));
        let operation = status::done(&outcome);
        Ok(Response::new(DropTableResponse {
            operation: Some(operation),
        }))
    }
}

fn scope(control: Option<TransactionControl>) -> Scope {
    let Some(control) = control else {
        return Scope::Alone;
    };
    let commit = control.commit_tx;
    match control.tx_selector {
        None => Scope::Alone,
        Some(TxSelector::TxId(id)) => Scope::Within { id, commit },
        Some(TxSelector::BeginTx(settings)) => {
            let mode = match settings.tx_mode {
                None | Some(TxMode::SerializableReadWrite(_) | TxMode::SnapshotReadWrite(_)) => {
                    Mode::Serializable
                }
                Some(
                    TxMode::SnapshotReadOnly(_)
                    | TxMode::OnlineReadOnly(_)
                    | TxMode::StaleReadOnly(_),
                ) => Mode::ReadOnly,
            };
            Scope::Begin { mode, commit }
        }
    }
}

fn describe(table: &Table) -> DescribeTableResult {
    let columns = table.columns.iter().map(|column| ColumnMeta {
        name: column.name.clone(),
        r#type: Some(column.kind.to_proto()),
        not_null: Some(!column.kind.nullable),
        ..ColumnMeta::default()
    });
    let ttl_settings = table.ttl.as_ref().map(|(column, seconds)| TtlSettings {
        run_interval_seconds: 3600,
        mode: Some(TtlMode::DateTypeColumn(DateTypeColumnModeSettings {
            column_name: column.clone(),
            expire_after_seconds: *seconds,
        })),
    });
    DescribeTableResult {
        self_: Some(entry(&table.path, Kind::Table)),
        columns: columns.collect(),
        primary_key: table.primary_key.clone(),
        indexes: table.indexes.iter().map(index).collect(),
        ttl_settings,
        store_type: StoreType::Row as i32,
        ..DescribeTableResult::default()
    }
}

fn index(index: &Index) -> TableIndexDescription {
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
