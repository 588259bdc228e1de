//! `Ydb.Query.V1`.

use std::pin::Pin;

use futures::stream;
use futures::{Stream, StreamExt};
use tonic::{Request, Response, Status};
use ydb_grpc::ydb_proto as ydb;
use ydb_grpc::ydb_proto::query::execute_query_request::Query as Content;
use ydb_grpc::ydb_proto::query::transaction_control::TxSelector;
use ydb_grpc::ydb_proto::query::transaction_settings::TxMode;
use ydb_grpc::ydb_proto::query::{
    AttachSessionRequest, BeginTransactionRequest, BeginTransactionResponse,
    CommitTransactionRequest, CommitTransactionResponse, CreateSessionRequest,
    CreateSessionResponse, DeleteSessionRequest, DeleteSessionResponse, ExecMode,
    ExecuteQueryRequest, ExecuteQueryResponsePart, RollbackTransactionRequest,
    RollbackTransactionResponse, SessionState, TransactionControl, TransactionMeta,
    TransactionSettings,
};

use super::explain;
use super::request::{caller, query, session};
use crate::iam::Permission;
use crate::ydb::Ydb;
use crate::ydb::engine::Mode;
use crate::ydb::proto::query::query_service_server::QueryService;
use crate::ydb::sessions::{Answer, NODE, Scope};
use crate::ydb::status::{self, YdbError};

type Parts<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl QueryService for Ydb {
    async fn create_session(
        &self,
        request: Request<CreateSessionRequest>,
    ) -> Result<Response<CreateSessionResponse>, Status> {
        let caller = caller(self, request.metadata())?;
        let outcome = caller.must(Permission::YdbConnect);
        let (status, issues) = status::bare(&outcome);
        let session_id = match outcome {
            Ok(()) => self.sessions().create(caller.database),
            Err(_) => String::new(),
        };
        Ok(Response::new(CreateSessionResponse {
            status,
            issues,
            session_id,
            node_id: i64::from(NODE),
        }))
    }

    async fn delete_session(
        &self,
        request: Request<DeleteSessionRequest>,
    ) -> Result<Response<DeleteSessionResponse>, Status> {
        caller(self, request.metadata())?;
        let outcome = self.sessions().delete(&request.get_ref().session_id);
        let (status, issues) = status::bare(&outcome);
        Ok(Response::new(DeleteSessionResponse { status, issues }))
    }

    /// The session lives as long as this stream.
    async fn attach_session(
        &self,
        request: Request<AttachSessionRequest>,
    ) -> Result<Response<Parts<SessionState>>, Status> {
        caller(self, request.metadata())?;
        let id = request.into_inner().session_id;
        let outcome = self.sessions().attach(&id);
        let (status, issues) = status::bare(&outcome);
        let first = stream::iter([Ok(SessionState {
            status,
            issues,
            session_hint: None,
        })]);
        let Ok(ended) = outcome else {
            return Ok(Response::new(Box::pin(first)));
        };
        let guard = EndSession(self.clone(), id);
        let rest = stream::once(async move {
            ended.cancelled().await;
            drop(guard);
        });
        let rest = rest.filter_map(|()| std::future::ready(None));
        Ok(Response::new(Box::pin(first.chain(rest))))
    }

    async fn begin_transaction(
        &self,
        request: Request<BeginTransactionRequest>,
    ) -> Result<Response<BeginTransactionResponse>, Status> {
        caller(self, request.metadata())?;
        let request = request.into_inner();
        let mode = mode(request.tx_settings.as_ref());
        let begun = self.sessions().begin(&request.session_id, mode);
        let (status, issues) = status::bare(&begun);
        Ok(Response::new(BeginTransactionResponse {
            status,
            issues,
            tx_meta: begun.ok().map(|id| TransactionMeta { id }),
        }))
    }

    async fn commit_transaction(
        &self,
        request: Request<CommitTransactionRequest>,
    ) -> Result<Response<CommitTransactionResponse>, Status> {
        caller(self, request.metadata())?;
        let CommitTransactionRequest { session_id, tx_id } = request.into_inner();
        let outcome = self.sessions().commit(session_id, tx_id).await;
        let (status, issues) = status::bare(&outcome);
        Ok(Response::new(CommitTransactionResponse { status, issues }))
    }

    async fn rollback_transaction(
        &self,
        request: Request<RollbackTransactionRequest>,
    ) -> Result<Response<RollbackTransactionResponse>, Status> {
        caller(self, request.metadata())?;
        let request = request.into_inner();
        let outcome = self
            .sessions()
            .roll_back(&request.session_id, &request.tx_id);
        let (status, issues) = status::bare(&outcome);
        Ok(Response::new(RollbackTransactionResponse {
            status,
            issues,
        }))
    }

    async fn execute_query(
        &self,
        request: Request<ExecuteQueryRequest>,
    ) -> Result<Response<Parts<ExecuteQueryResponsePart>>, Status> {
        let caller = caller(self, request.metadata())?;
        let request = request.into_inner();
        let (session, _implicit) = session(self, &caller, &request.session_id);
        let outcome = async {
            let Some(Content::QueryContent(content)) = request.query else {
                return Err(YdbError::bad_request("the query is missing"));
            };
            let query = query(&caller, content.text, &request.parameters)?;
            match ExecMode::try_from(request.exec_mode) {
                Ok(ExecMode::Parse | ExecMode::Validate | ExecMode::Explain) => {
                    explain::plan(&caller, query).await.map(Outcome::Plan)
                }
                Ok(ExecMode::Unspecified | ExecMode::Execute) | Err(_) => {
                    let scope = scope(request.tx_control);
                    let answer = self.sessions().run(session, query, scope).await;
                    answer.map(Outcome::Answer)
                }
            }
        };
        let parts = parts(outcome.await);
        Ok(Response::new(Box::pin(stream::iter(
            parts.into_iter().map(Ok),
        ))))
    }
}

/// Ends a session when it goes: with the stream that holds it.
struct EndSession(Ydb, String);

impl Drop for EndSession {
    fn drop(&mut self) {
        // It may have ended before.
        drop(self.0.sessions().delete(&self.1));
    }
}

fn mode(settings: Option<&TransactionSettings>) -> Mode {
    match settings.and_then(|settings| settings.tx_mode.as_ref()) {
        None | Some(TxMode::SerializableReadWrite(_) | TxMode::SnapshotReadWrite(_)) => {
            Mode::Serializable
        }
        Some(
            TxMode::SnapshotReadOnly(_) | TxMode::OnlineReadOnly(_) | TxMode::StaleReadOnly(_),
        ) => Mode::ReadOnly,
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
        Some(TxSelector::BeginTx(settings)) => Scope::Begin {
            mode: mode(Some(&settings)),
            commit,
        },
    }
}

/// What came of a query.
enum Outcome {
    /// It ran.
    Answer(Answer),
    /// It was only looked at.
    Plan(String),
}

/// One part a result set, and never none: clients take a stream without parts
/// for a failure. The first part names the open transaction.
fn parts(outcome: Result<Outcome, YdbError>) -> Vec<ExecuteQueryResponsePart> {
    let (status, issues) = status::bare(&outcome);
    let (answer, exec_stats) = match outcome {
        Ok(Outcome::Answer(answer)) => (answer, None),
        Ok(Outcome::Plan(plan)) => (Answer::default(), Some(explain::statistics(plan))),
        Err(_) => (Answer::default(), None),
    };
    let transaction = answer.transaction.map(|id| TransactionMeta { id });
    let part = |index: usize, result_set: Option<ydb::ResultSet>| ExecuteQueryResponsePart {
        status,
        issues: issues.clone(),
        result_set_index: i64::try_from(index).unwrap_or(i64::MAX),
        result_set,
        tx_meta: transaction.clone(),
        exec_stats: exec_stats.clone(),
    };
    if answer.results.is_empty() {
        return vec![part(0, None)];
    }
    let results = answer.results.into_iter().enumerate();
    results
        .map(|(index, result)| part(index, Some(result)))
        .collect()
}
