//! YDB's own statuses: they travel in answers, while gRPC itself says OK.

use prost::Message;
use ydb_grpc::google_proto_workaround::protobuf::Any;
use ydb_grpc::ydb_proto::issue::{IssueMessage, issue_message::Position};
use ydb_grpc::ydb_proto::operations::Operation;
use ydb_grpc::ydb_proto::status_ids::StatusCode;

/// Issue codes of the server, as clients know them.
pub(crate) mod issue {
    /// Somebody else changed what a transaction read.
    pub(crate) const LOCKS_INVALIDATED: u32 = 2001;
    /// No such table, or one of that name exists.
    pub(crate) const SCHEME: u32 = 2003;
    /// More than a quota allows.
    pub(crate) const OVERLOADED: u32 = 2006;
    /// A key that exists already, or a null where none may be.
    pub(crate) const CONSTRAINT: u32 = 2012;
    /// No such transaction.
    pub(crate) const NO_TRANSACTION: u32 = 2015;
    /// A request that makes no sense.
    pub(crate) const BAD_REQUEST: u32 = 2017;
    /// No rights.
    pub(crate) const ACCESS_DENIED: u32 = 2018;
}

/// Severity of an error among issues.
const ERROR: u32 = 1;

/// Where in a query something is, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) row: u32,
    pub(crate) column: u32,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {message}", status.as_str_name())]
pub(crate) struct YdbError {
    pub(crate) status: StatusCode,
    pub(crate) issue: u32,
    pub(crate) message: String,
    pub(crate) place: Option<Place>,
}

impl YdbError {
    fn new(status: StatusCode, issue: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            issue,
            message: message.into(),
            place: None,
        }
    }

    /// The text is no YQL, or not the part of it that is served here.
    pub(crate) fn query(message: impl Into<String>, place: Option<Place>) -> Self {
        Self {
            place,
            ..Self::new(StatusCode::GenericError, 0, message)
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BadRequest, issue::BAD_REQUEST, message)
    }

    pub(crate) fn scheme(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SchemeError, issue::SCHEME, message)
    }

    pub(crate) fn no_path(path: &str) -> Self {
        Self::scheme(format!(
            "Cannot find table 'db.[{path}]' because it does not exist or you do not have access permissions."
        ))
    }

    pub(crate) fn constraint(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PreconditionFailed, issue::CONSTRAINT, message)
    }

    pub(crate) fn locks_invalidated() -> Self {
        let message = "Transaction locks invalidated.";
        Self::new(StatusCode::Aborted, issue::LOCKS_INVALIDATED, message)
    }

    pub(crate) fn no_transaction(id: &str) -> Self {
        let message = format!("Transaction not found: {id}");
        Self::new(StatusCode::NotFound, issue::NO_TRANSACTION, message)
    }

    /// The words are those of YDB's scheme shard.
    pub(crate) fn too_many_schema_operations(a_day: u64) -> Self {
        let message = format!(
            "Request exceeded a limit on the number of schema operations, try again later. ({a_day} a day)"
        );
        Self::new(StatusCode::Overloaded, issue::OVERLOADED, message)
    }

    pub(crate) fn bad_session(id: &str) -> Self {
        Self::new(
            StatusCode::BadSession,
            0,
            format!("Session not found: {id}"),
        )
    }

    pub(crate) fn session_busy() -> Self {
        Self::new(
            StatusCode::SessionBusy,
            0,
            "Pending previous query completion",
        )
    }

    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::Unauthorized, issue::ACCESS_DENIED, message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::Unsupported, 0, message)
    }

    pub(crate) fn internal(message: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::InternalError, 0, message.to_string())
    }

    pub(crate) fn issues(&self) -> Vec<IssueMessage> {
        vec![IssueMessage {
            issue_code: self.issue,
            severity: ERROR,
            message: self.message.clone(),
            position: self.place.map(|place| Position {
                row: place.row,
                column: place.column,
                file: String::new(),
            }),
            ..IssueMessage::default()
        }]
    }
}

/// Status and issues of an answer that carries them itself.
pub(crate) fn bare<T>(outcome: &Result<T, YdbError>) -> (i32, Vec<IssueMessage>) {
    match outcome {
        Ok(_) => (StatusCode::Success as i32, Vec::new()),
        Err(error) => (error.status as i32, error.issues()),
    }
}

/// The envelope of answers without a result.
pub(crate) fn done<T>(outcome: &Result<T, YdbError>) -> Operation {
    let (status, issues) = bare(outcome);
    Operation {
        ready: true,
        status,
        issues,
        ..Operation::default()
    }
}

/// The envelope of answers with a result of type `Ydb.<name>`.
pub(crate) fn result<T: Message>(name: &str, outcome: Result<T, YdbError>) -> Operation {
    let mut operation = done(&outcome);
    operation.result = outcome.ok().map(|message| Any {
        type_url: format!("type.googleapis.com/Ydb.{name}"),
        value: message.encode_to_vec(),
    });
    operation
}
