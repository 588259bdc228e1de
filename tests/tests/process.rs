//! Programs behind a guard end when they should, and never later than their
//! owner.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use wschat_tests::process::{Launch, ProcessError, Signal};
use wschat_tests::wait::eventually;

const LIMIT: Duration = Duration::from_secs(20);

/// A shell that prints its child's process id and waits for it.
const PARENT: &str = "sleep 600 & echo $!; wait";

fn shell(script: &str) -> Launch {
    Launch::new("shell", "/bin/sh").arguments(["-c", script])
}

async fn is_gone(process: &str) -> bool {
    let state = PathBuf::from("/proc").join(process).join("stat");
    let gone = || async {
        match std::fs::read_to_string(&state) {
            // A zombie runs no more; its parent may be slow to bury it.
            Ok(stat) if stat.contains(") Z ") => Ok(()),
            Ok(stat) => Err(stat),
            Err(_) => Ok(()),
        }
    };
    eventually(format!("process {process} to end"), LIMIT, gone)
        .await
        .is_ok()
}

#[tokio::test]
async fn a_dropped_process_takes_its_children_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = shell(PARENT).start(folder.path()).unwrap();
    let child = process.first_line(LIMIT).await.unwrap();
    assert!(Path::new("/proc").join(&child).exists());
    drop(process);
    assert!(is_gone(&child).await);
}

#[tokio::test]
async fn a_killed_owner_takes_its_processes_with_it() {
    // The owner holds the writing end of the guard's input, and nobody else.
    let owner = r"
import subprocess, sys, time
subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
time.sleep(600)
";
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("output");
    let mut owner = Command::new("python3")
        .args(["-c", owner, env!("CARGO_BIN_EXE_guard")])
        .args(["--", "/bin/sh", "-c", PARENT])
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&output).unwrap())
        .spawn()
        .unwrap();
    let child = eventually("the program's line", LIMIT, || async {
        let text = std::fs::read_to_string(&output).unwrap();
        let line = text.split_once('\n').map(|(line, _)| line.to_owned());
        line.ok_or(text)
    })
    .await
    .unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();
    assert!(is_gone(&child).await);
}

#[tokio::test]
async fn sigterm_reaches_the_program_and_its_exit_code_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.02; done";
    let mut process = shell(script).start(folder.path()).unwrap();
    process.first_line(LIMIT).await.unwrap();
    let status = process.terminate(LIMIT).await.unwrap();
    assert_eq!(status.code(), Some(7));
}

#[tokio::test]
async fn a_stopped_program_goes_on_when_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.02; done";
    let mut process = shell(script).start(folder.path()).unwrap();
    process.first_line(LIMIT).await.unwrap();
    process.signal(Signal::Stop).unwrap();
    process.signal(Signal::Terminate).unwrap();
    process.signal(Signal::Continue).unwrap();
    assert_eq!(process.wait(LIMIT).await.unwrap().code(), Some(7));
}

#[tokio::test]
async fn a_program_that_ends_early_is_reported_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let script = "echo the disk is full >&2; exit 3";
    let mut process = shell(script).start(folder.path()).unwrap();
    let error = process.first_line(LIMIT).await.unwrap_err();
    let ProcessError::Ended { status, log, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(status.code(), Some(3));
    assert!(log.contains("the disk is full"), "{log}");
}

#[tokio::test]
async fn a_program_that_is_missing_is_reported_by_its_guard() {
    let folder = tempfile::tempdir().unwrap();
    let launch = Launch::new("nothing", "/nowhere/nothing");
    let mut process = launch.start(folder.path()).unwrap();
    let error = process.first_line(LIMIT).await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/nothing"), "{error}");
}
