//! What an instance writes to its standard output and error: the function's log.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use super::instance::Instance;
use super::journal::{Journal, LogLine, Stream};

/// Bytes of a line of a log. A longer one is kept in parts, so that a function
/// that never ends a line doesn't fill the memory. The cloud's limit isn't
/// documented: this is a guess.
const LONGEST: usize = 64 << 10;

/// Keeps every line until the instance ends.
pub(super) async fn follow(
    instance: Arc<Instance>,
    journal: Journal,
    stream: Stream,
    output: impl AsyncRead + Unpin,
) {
    let mut reader = BufReader::new(output);
    while let Ok(Some(text)) = line(&mut reader).await {
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

/// The next line, or a part of it; none when the output has ended.
async fn line(reader: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    // One more, for the end of a line that is as long as it may be.
    let mut part = reader.take(LONGEST as u64 + 1);
    let read = part.read_until(b'\n', &mut line).await?;
    let text = String::from_utf8_lossy(&line);
    Ok((read > 0).then(|| text.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, line};

    async fn lengths(output: &str) -> Vec<usize> {
        let mut output = output.as_bytes();
        let mut lengths = Vec::new();
        while let Some(line) = line(&mut output).await.expect("bytes") {
            lengths.push(line.len());
        }
        lengths
    }

    #[tokio::test]
    async fn a_line_that_never_ends_is_kept_in_parts() {
        let part = LONGEST + 1;
        assert_eq!(lengths(&"a".repeat(2 * part + 3)).await, [part, part, 3]);
        let long = "a".repeat(LONGEST);
        assert_eq!(
            lengths(&format!("{long}\nb\n\nc")).await,
            [LONGEST, 1, 0, 1]
        );
    }
}
