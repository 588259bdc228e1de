//! The cloud's status: one failure, told as a REST body or as a gRPC status.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

/// gRPC status codes and what Envoy's JSON transcoder makes of them
/// (reference: google.rpc.Code).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Code {
    /// The caller gave up, HTTP 499.
    Cancelled = 1,
    /// Nobody knows, HTTP 500.
    Unknown = 2,
    /// The request is wrong whatever the state is, HTTP 400.
    InvalidArgument = 3,
    /// Too late, HTTP 504.
    DeadlineExceeded = 4,
    /// No such resource, HTTP 404.
    NotFound = 5,
    /// The name or id is taken, HTTP 409.
    AlreadyExists = 6,
    /// The caller lacks a role, HTTP 403.
    PermissionDenied = 7,
    /// A quota or a rate is used up, HTTP 429.
    ResourceExhausted = 8,
    /// The state forbids it, HTTP 400.
    FailedPrecondition = 9,
    /// A conflict between concurrent calls, HTTP 409.
    Aborted = 10,
    /// Past the end, HTTP 400.
    OutOfRange = 11,
    /// This method isn't here, HTTP 501.
    Unimplemented = 12,
    /// A bug, HTTP 500.
    Internal = 13,
    /// Try again, HTTP 503.
    Unavailable = 14,
    /// Data is gone, HTTP 500.
    DataLoss = 15,
    /// No valid credentials, HTTP 401.
    Unauthenticated = 16,
}

impl Code {
    /// The number in REST bodies and gRPC trailers.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub fn http(self) -> StatusCode {
        let status = match self {
            Self::Cancelled => 499,
            Self::Unknown | Self::Internal | Self::DataLoss => 500,
            Self::InvalidArgument | Self::FailedPrecondition | Self::OutOfRange => 400,
            Self::DeadlineExceeded => 504,
            Self::NotFound => 404,
            Self::AlreadyExists | Self::Aborted => 409,
            Self::PermissionDenied => 403,
            Self::ResourceExhausted => 429,
            Self::Unimplemented => 501,
            Self::Unavailable => 503,
            Self::Unauthenticated => 401,
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Status {
    /// What kind of failure.
    pub code: Code,
    /// One line for a person.
    pub message: String,
    /// Typed details, each with `@type`.
    pub details: Vec<Value>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $code:ident),* $(,)?) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(message: impl Into<String>) -> Self {
            Self::new(Code::$code, message)
        })*
    };
}

impl Status {
    /// A status without details.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
        }
    }

    constructors! {
        /// `NOT_FOUND`.
        not_found => NotFound,
        /// `INVALID_ARGUMENT`.
        invalid_argument => InvalidArgument,
        /// `PERMISSION_DENIED`.
        permission_denied => PermissionDenied,
        /// `UNAUTHENTICATED`.
        unauthenticated => Unauthenticated,
        /// `ALREADY_EXISTS`.
        already_exists => AlreadyExists,
        /// `FAILED_PRECONDITION`.
        failed_precondition => FailedPrecondition,
        /// `RESOURCE_EXHAUSTED`.
        resource_exhausted => ResourceExhausted,
        /// `UNAVAILABLE`.
        unavailable => Unavailable,
        /// `UNIMPLEMENTED`.
        unimplemented => Unimplemented,
        /// `INTERNAL`.
        internal => Internal,
        /// `ABORTED`.
        aborted => Aborted,
        /// `DEADLINE_EXCEEDED`.
        deadline_exceeded => DeadlineExceeded,
    }

    /// Adds a typed detail.
    #[must_use]
    pub fn with_detail(mut self, detail: Value) -> Self {
        self.details.push(detail);
        self
    }

    /// `{"code","message","details"}`, as in an operation's `error`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({ "code": self.code.number(), "message": self.message, "details": self.details })
    }

    /// The HTTP reply of one call: `RequestInfo` names the call in the details
    /// and in `x-request-id`.
    #[must_use]
    pub fn reply(&self, request_id: &str) -> Response {
        let with_request = self.clone().with_detail(json!({
            "@type": "type.googleapis.com/google.rpc.RequestInfo",
            "requestId": request_id,
        }));
        let mut response = (self.code.http(), axum::Json(with_request.to_value())).into_response();
        if let Ok(value) = HeaderValue::from_str(request_id) {
            response.headers_mut().insert("x-request-id", value);
        }
        response
    }
}

impl IntoResponse for Status {
    fn into_response(self) -> Response {
        self.reply(&uuid::Uuid::new_v4().to_string())
    }
}

impl From<Status> for tonic::Status {
    fn from(status: Status) -> Self {
        Self::new(tonic::Code::from(status.code.number()), status.message)
    }
}
