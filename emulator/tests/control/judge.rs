//! The judge of tests/judges/descriptors, one for all tests of this program.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use yc_emulator::inspect::requests::Recorded;

/// It takes a second to start, and a test milliseconds.
static JUDGE: LazyLock<Mutex<Judge>> = LazyLock::new(|| Mutex::new(Judge::start()));

struct Judge {
    /// Ends with its input, so with this program.
    _process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// Panics with all that is wrong with these calls. Requests that were refused
/// may be wrong.
pub(crate) fn assert_fits(calls: &[Recorded]) {
    let complaints: Vec<String> = ask(calls);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Requests that break one of a good one's limits each, with the limit's name.
pub(crate) fn violations(method: &str, path: &str, good: &Value) -> Vec<(String, Value)> {
    let question = json!({ "method": method, "path": path, "body": good });
    let answers: Vec<Value> = ask(&question);
    let pair = |answer: &Value| {
        let rule = answer["rule"].as_str().unwrap().to_owned();
        (rule, answer["body"].clone())
    };
    answers.iter().map(pair).collect()
}

fn ask<Answer: DeserializeOwned>(question: &(impl Serialize + ?Sized)) -> Answer {
    let line = serde_json::to_string(question).unwrap();
    let mut judge = JUDGE.lock().unwrap_or_else(PoisonError::into_inner);
    serde_json::from_str(&judge.answer(&line)).unwrap()
}

impl Judge {
    fn start() -> Self {
        let program = std::env::current_exe().unwrap();
        let target = program.ancestors().nth(3).unwrap();
        let python = target.join("python/descriptors/bin/python");
        let missing = "the judges are not installed: run `cargo xtask tools`";
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
