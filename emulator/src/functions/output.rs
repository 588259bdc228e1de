//! What an instance writes to its standard output and error: the function's log.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use super::instance::Instance;
use super::journal::{Journal, LogLine, Stream};

/// Keeps every line until the instance ends.
pub(super) async fn follow(
    instance: Arc<Instance>,
    journal: Journal,
    stream: Stream,
    output: impl AsyncRead + Unpin,
) {
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                let (function_id, version_id) = instance.whose();
                tracing::info!(target: "yc_emulator::function_log", function = function_id, "{text}");
                journal.line(LogLine {
                    at: Timestamp::now(),
                    function_id: function_id.to_owned(),
                    version_id: version_id.to_owned(),
                    process: instance.process(),
                    stream,
                    request_ids: instance.running(),
                    text,
                });
            }
        }
    }
}
