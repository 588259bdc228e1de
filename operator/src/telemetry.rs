//! Log lines on stderr. Their level is set by `RUST_LOG`.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;

/// Without `RUST_LOG`: what this program says, and warnings of its libraries.
/// What the libraries of Kubernetes and YDB log, this program says again, and
/// better; YDB's calls even an expected answer, as of a topic that isn't there
/// yet, an error.
const DEFAULT_FILTER: &str =
    "warn,wschat_operator=info,kube_lease_manager=off,kube_client=off,ydb=off";

/// Starts logging. A second call does nothing, so that tests may call it.
pub(crate) fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| DEFAULT_FILTER.into());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let started = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logging was started before");
    }
}
