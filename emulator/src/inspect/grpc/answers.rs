//! Answers that fault rules give instead of a service's.

use http::{HeaderMap, HeaderValue, Response};
use http_body_util::StreamBody;
use hyper::body::Frame;
use prost::Message;
use prost::bytes::Bytes;
use tonic::Code;
use tonic::body::Body;
use ydb_grpc::ydb_proto::issue::IssueMessage;
use ydb_grpc::ydb_proto::operations::Operation;
use ydb_grpc::ydb_proto::status_ids::StatusCode;

use super::messages::prefixed;

const WORDS: &str = "Injected by a fault rule";

/// Severity of an error among issues.
const ERROR: u32 = 1;

/// Methods outside of the query service whose answers carry status and issues
/// themselves; all others put them into an `operation`.
const BARE: [&str; 6] = [
    "/Ydb.Scripting.V1.ScriptingService/StreamExecuteYql",
    "/Ydb.Table.V1.TableService/ReadRows",
    "/Ydb.Table.V1.TableService/StreamExecuteScanQuery",
    "/Ydb.Table.V1.TableService/StreamReadTable",
    "/Ydb.Topic.V1.TopicService/StreamRead",
    "/Ydb.Topic.V1.TopicService/StreamWrite",
];

/// What answers of all these methods begin with.
#[derive(Clone, PartialEq, prost::Message)]
struct Bare {
    #[prost(enumeration = "StatusCode", tag = "1")]
    status: i32,
    #[prost(message, repeated, tag = "2")]
    issues: Vec<IssueMessage>,
}

/// Answers of the other methods.
#[derive(Clone, PartialEq, prost::Message)]
struct Wrapped {
    #[prost(message, optional, tag = "1")]
    operation: Option<Operation>,
}

/// A reply of this status and no message.
pub(super) fn refused(code: Code) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.headers_mut() = trailers(code);
    add_content_type(response.headers_mut());
    response
}

/// A reply of one message with this YDB status.
pub(super) fn ydb(path: &str, code: StatusCode) -> Response<Body> {
    let message = Frame::data(ydb_message(path, code));
    let end = Frame::trailers(trailers(Code::Ok));
    let frames = futures::stream::iter([Ok::<_, super::Cut>(message), Ok(end)]);
    let mut response = Response::new(Body::new(StreamBody::new(frames)));
    add_content_type(response.headers_mut());
    response
}

fn add_content_type(headers: &mut HeaderMap) {
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
}

/// The last frame of a reply.
pub(super) fn trailers(code: Code) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from(i32::from(code)));
    if code != Code::Ok {
        trailers.insert("grpc-message", HeaderValue::from_static(WORDS));
    }
    trailers
}

/// A message of this status, in the form that the method has.
pub(super) fn ydb_message(path: &str, code: StatusCode) -> Bytes {
    let status = code as i32;
    let issues = vec![IssueMessage {
        message: WORDS.to_owned(),
        severity: ERROR,
        ..IssueMessage::default()
    }];
    if path.starts_with("/Ydb.Query.V1.") || BARE.contains(&path) {
        return prefixed(&Bare { status, issues }.encode_to_vec());
    }
    let operation = Some(Operation {
        ready: true,
        status,
        issues,
        ..Operation::default()
    });
    prefixed(&Wrapped { operation }.encode_to_vec())
}

/// The code that goes with an HTTP status (gRPC's http-grpc-status-mapping).
pub(super) fn code_of(status: u16) -> Code {
    match status {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}
