//! How many calls of the cloud there were, how they ended, and how long they
//! waited for their turn.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use yandex_cloud_rest::{Code, Error};

/// Its copies count together.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    /// Calls by service, method and code.
    pub(crate) ended: Family<CallLabels, Counter>,
    /// How long calls that may have to wait for their turn did so, in seconds.
    pub(crate) waits: Histogram,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            ended: Family::default(),
            waits: seconds(),
        }
    }
}

/// A histogram of what takes between milliseconds and a minute.
pub(crate) fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.005, 2.0, 14))
}

/// What tells calls apart. All three come from closed sets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct CallLabels {
    service: &'static str,
    method: &'static str,
    code: &'static str,
}

impl Calls {
    /// Counts a call by how it ended.
    pub(crate) fn count<T>(
        &self,
        service: &'static str,
        method: &'static str,
        ended: &Result<T, Error>,
    ) {
        let code = match ended {
            Ok(_) => "OK",
            Err(error) => error.code().map_or("NO_ANSWER", name),
        };
        let labels = CallLabels {
            service,
            method,
            code,
        };
        self.ended.get_or_create(&labels).inc();
    }
}

/// gRPC's name of a code.
fn name(code: Code) -> &'static str {
    match code {
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
