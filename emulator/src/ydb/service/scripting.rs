//! `Ydb.Scripting.V1`: whole scripts, each statement for itself. goose uses
//! nothing else.

use std::pin::Pin;

use futures::{Stream, stream};
use tonic::{Request, Response, Status};
use ydb_grpc::ydb_proto::ResultSet;

use super::request::{caller, query, session};
use crate::ydb::Ydb;
use crate::ydb::proto::scripting::scripting_service_server::ScriptingService;
use crate::ydb::proto::scripting_messages::{
    ExecuteYqlPartialResponse, ExecuteYqlPartialResult, ExecuteYqlRequest, ExecuteYqlResponse,
    ExecuteYqlResult,
};
use crate::ydb::sessions::Scope;
use crate::ydb::status::{self, YdbError};

type Parts = Pin<Box<dyn Stream<Item = Result<ExecuteYqlPartialResponse, Status>> + Send>>;

impl Ydb {
    async fn script(
        &self,
        request: Request<ExecuteYqlRequest>,
    ) -> Result<Result<Vec<ResultSet>, YdbError>, Status> {
        let caller = caller(self, request.metadata())?;
        let request = request.into_inner();
        let (session, _implicit) = session(self, &caller, "");
        let query = match query(&caller, request.script, &request.parameters) {
            Ok(query) => query,
            Err(error) => return Ok(Err(error)),
        };
        let answer = self.sessions().run(session, query, Scope::Alone).await;
        Ok(answer.map(|answer| answer.results))
    }
}

#[tonic::async_trait]
impl ScriptingService for Ydb {
    async fn execute_yql(
        &self,
        request: Request<ExecuteYqlRequest>,
    ) -> Result<Response<ExecuteYqlResponse>, Status> {
        let outcome = self.script(request).await?;
        let result = outcome.map(|result_sets| ExecuteYqlResult { result_sets });
        let operation = status::result("Scripting.ExecuteYqlResult", result);
        Ok(Response::new(ExecuteYqlResponse {
            operation: Some(operation),
        }))
    }

    type StreamExecuteYqlStream = Parts;

    async fn stream_execute_yql(
        &self,
        request: Request<ExecuteYqlRequest>,
    ) -> Result<Response<Parts>, Status> {
        let outcome = self.script(request).await?;
        let (status, issues) = status::bare(&outcome);
        let results = outcome.unwrap_or_default().into_iter().zip(0..);
        let mut parts: Vec<ExecuteYqlPartialResponse> = results
            .map(|(result_set, result_set_index)| ExecuteYqlPartialResponse {
                status,
                issues: Vec::new(),
                result: Some(ExecuteYqlPartialResult {
                    result_set_index,
                    result_set: Some(result_set),
                }),
            })
            .collect();
        // The real server always ends with a bare status.
        parts.push(ExecuteYqlPartialResponse {
            status,
            issues,
            result: None,
        });
        Ok(Response::new(Box::pin(stream::iter(
            parts.into_iter().map(Ok),
        ))))
    }
}
