//! What a fault rule does to what it fires on.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tonic::Code;
use ydb_grpc::ydb_proto::status_ids::StatusCode;

/// What happens to a call, message or event. Which ones a place takes is in
/// [`Place`](super::Place).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Action {
    /// Held until all rules are removed; then it ends as if cut or dropped.
    Hang {},
    /// This HTTP status instead of an answer.
    Status(u16),
    /// This gRPC status instead of an answer.
    Grpc(GrpcCode),
    /// An answer of this YDB status, with gRPC's own status OK.
    Ydb(YdbCode),
    /// So many milliseconds later.
    DelayMs(u64),
    /// The connection (gRPC: the call) is cut without a word.
    Cut {},
    /// This message, event or batch alone is lost.
    Drop {},
    /// It happens twice. A caller sees the second answer.
    Duplicate {},
    /// The answer ends early.
    Truncate(Truncation),
    /// The socket is closed with this code.
    Close(u16),
    /// The token is one that has expired.
    Expired {},
    /// A read doesn't show what was made in the last so many milliseconds of
    /// the emulated clock.
    HideMs(u64),
    /// The answer's JSON is changed by this merge patch (RFC 7396).
    Patch(Value),
}

impl Action {
    /// As it is written in a rule.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Hang {} => "hang",
            Self::Status(_) => "status",
            Self::Grpc(_) => "grpc",
            Self::Ydb(_) => "ydb",
            Self::DelayMs(_) => "delayMs",
            Self::Cut {} => "cut",
            Self::Drop {} => "drop",
            Self::Duplicate {} => "duplicate",
            Self::Truncate(_) => "truncate",
            Self::Close(_) => "close",
            Self::Expired {} => "expired",
            Self::HideMs(_) => "hideMs",
            Self::Patch(_) => "patch",
        }
    }
}

/// Where an answer ends, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Truncation {
    /// So many bytes of a body, or messages of a gRPC answer, still come.
    pub after: u64,
    /// What comes then.
    #[serde(default)]
    pub end: End,
}

/// How an answer that is truncated ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// The connection (gRPC: the call) is cut.
    #[default]
    Cut,
    /// It ends as if that were all; gRPC's status is OK.
    Clean,
    /// It ends with this gRPC status.
    Grpc(GrpcCode),
    /// A message of this YDB status is the last.
    Ydb(YdbCode),
}

/// A gRPC status code, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GrpcCode(pub Code);

/// gRPC's codes but OK (grpc/statuscodes.md).
const GRPC_CODES: [(&str, Code); 16] = [
    ("CANCELLED", Code::Cancelled),
    ("UNKNOWN", Code::Unknown),
    ("INVALID_ARGUMENT", Code::InvalidArgument),
    ("DEADLINE_EXCEEDED", Code::DeadlineExceeded),
    ("NOT_FOUND", Code::NotFound),
    ("ALREADY_EXISTS", Code::AlreadyExists),
    ("PERMISSION_DENIED", Code::PermissionDenied),
    ("RESOURCE_EXHAUSTED", Code::ResourceExhausted),
    ("FAILED_PRECONDITION", Code::FailedPrecondition),
    ("ABORTED", Code::Aborted),
    ("OUT_OF_RANGE", Code::OutOfRange),
    ("UNIMPLEMENTED", Code::Unimplemented),
    ("INTERNAL", Code::Internal),
    ("UNAVAILABLE", Code::Unavailable),
    ("DATA_LOSS", Code::DataLoss),
    ("UNAUTHENTICATED", Code::Unauthenticated),
];

impl TryFrom<String> for GrpcCode {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let found = GRPC_CODES.iter().find(|(known, _)| *known == name);
        found.map(|(_, code)| Self(*code)).ok_or_else(|| {
            format!("{name} is no failure's gRPC code; give its name, such as UNAVAILABLE")
        })
    }
}

impl From<GrpcCode> for String {
    fn from(GrpcCode(code): GrpcCode) -> Self {
        let found = GRPC_CODES.iter().find(|(_, known)| *known == code);
        found.map_or("OK", |(name, _)| name).to_owned()
    }
}

/// A YDB status code, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct YdbCode(pub StatusCode);

impl TryFrom<String> for YdbCode {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match StatusCode::from_str_name(&name) {
            Some(StatusCode::Unspecified | StatusCode::Success) | None => Err(format!(
                "{name} is no failure's YDB status; give its name, such as OVERLOADED"
            )),
            Some(code) => Ok(Self(code)),
        }
    }
}

impl From<YdbCode> for String {
    fn from(YdbCode(code): YdbCode) -> Self {
        code.as_str_name().to_owned()
    }
}
