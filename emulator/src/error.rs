//! The cloud's status: one failure, told as a REST body or as a gRPC status.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
pub use tonic::Code;

/// The HTTP status that Envoy's JSON transcoder makes of a gRPC code
/// (reference: google.rpc.Code).
fn http_status(code: Code) -> StatusCode {
    let status = match code {
        Code::Ok => 200,
        Code::Cancelled => 499,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::DeadlineExceeded => 504,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::PermissionDenied => 403,
        Code::ResourceExhausted => 429,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::Unauthenticated => 401,
    };
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
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
        /// `UNIMPLEMENTED`.
        unimplemented => Unimplemented,
        /// `INTERNAL`.
        internal => Internal,
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
        json!({ "code": i32::from(self.code), "message": self.message, "details": self.details })
    }

    /// The HTTP reply of one call: `RequestInfo` names the call in the details
    /// and in `x-request-id`.
    #[must_use]
    pub fn reply(&self, request_id: &str) -> Response {
        let with_request = self.clone().with_detail(json!({
            "@type": "type.googleapis.com/google.rpc.RequestInfo",
            "requestId": request_id,
        }));
        let mut response =
            (http_status(self.code), axum::Json(with_request.to_value())).into_response();
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
        Self::new(status.code, status.message)
    }
}
