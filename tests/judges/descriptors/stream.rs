//! The judge as a process that a test program asks questions, line by line. A
//! crate's tests include this file: crates below `tests` can't use its fixtures.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// One for all tests of a program: it takes a second to start, and a test
/// milliseconds.
static JUDGE: LazyLock<Mutex<Judge>> = LazyLock::new(|| Mutex::new(Judge::start()));

struct Judge {
    /// Ends with its input, so with this program.
    _process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// Asks a question; `python -m judge --help` says which there are.
pub(crate) fn ask<Answer: DeserializeOwned>(question: &(impl Serialize + ?Sized)) -> Answer {
    let line = serde_json::to_string(question).unwrap();
    let mut judge = JUDGE.lock().unwrap_or_else(PoisonError::into_inner);
    serde_json::from_str(&judge.answer(&line)).unwrap()
}

/// Panics with all that is wrong with these calls, in the form that
/// `/_emulator/requests` has. Requests that were refused may be wrong.
pub(crate) fn assert_fits(calls: &[impl Serialize]) {
    let complaints: Vec<String> = ask(calls);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

impl Judge {
    fn start() -> Self {
        let program = std::env::current_exe().unwrap();
        let target = program.ancestors().nth(3).unwrap();
        let python = target.join("judges/descriptors/bin/python");
        let missing = "the judges are not installed: run `cargo xtask judges`";
        assert!(python.is_file(), "{missing}");
        let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/judges/descriptors");
        let mut process = Command::new(&python)
            .args(["-m", "judge", "--stream"])
            .env("PYTHONPATH", modules)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: process.stdin.take().unwrap(),
            output: BufReader::new(process.stdout.take().unwrap()),
            _process: process,
        }
    }

    fn answer(&mut self, line: &str) -> String {
        writeln!(self.input, "{line}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        answer
    }
}
