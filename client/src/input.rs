//! Lines from a pipe.

use std::io::{self, BufRead, Read as _};
use std::thread;

use tokio::sync::mpsc;

/// Most bytes of a line that are kept: more than any message may have, so that a
/// stream without line ends doesn't fill the memory.
const LINE_BYTES: u64 = 64 * 1024;

/// What comes from the user.
#[derive(Debug)]
pub(crate) enum Input {
    /// A message.
    Text(String),
    /// Nothing more will come.
    End,
    /// The user wants out.
    Quit,
    /// Standard input can't be read.
    Failed(String),
}

/// Reads standard input in the background, one line ahead of its consumer. The
/// thread ends with the process.
pub(crate) fn from_stdin() -> mpsc::Receiver<Input> {
    let (sender, receiver) = mpsc::channel(1);
    thread::spawn(move || read(io::stdin().lock(), &sender));
    receiver
}

/// Input that is known already.
pub(crate) fn from_text(text: String) -> mpsc::Receiver<Input> {
    let (sender, receiver) = mpsc::channel(2);
    for input in [Input::Text(text), Input::End] {
        // There is room for both.
        let _ = sender.try_send(input);
    }
    receiver
}

fn read(mut stdin: impl BufRead, sender: &mpsc::Sender<Input>) {
    loop {
        let input = match next(&mut stdin) {
            Ok(Some(text)) if text.trim().is_empty() => continue,
            Ok(Some(text)) => Input::Text(text),
            Ok(None) => Input::End,
            Err(error) => Input::Failed(error.to_string()),
        };
        let is_last = !matches!(input, Input::Text(_));
        if sender.blocking_send(input).is_err() || is_last {
            return;
        }
    }
}

fn next(stdin: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if stdin.take(LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        let mut stdin = bytes;
        std::iter::from_fn(|| next(&mut stdin).expect("readable")).collect()
    }

    #[test]
    fn lines_end_in_several_ways() {
        assert_eq!(lines(b"a\nb\r\n\nlast"), ["a", "b", "", "last"]);
        assert_eq!(lines(b"\xff\n"), ["\u{fffd}"]);
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn an_endless_line_is_cut() {
        let lines = lines(&vec![b'x'; 100_000]);
        assert_eq!(lines[0].len() as u64, LINE_BYTES);
    }
}
