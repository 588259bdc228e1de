//! The emulator as a process that may open few files.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// A loaded machine needs some of it.
const PATIENCE: Duration = Duration::from_mins(1);

/// Starts it under limits as `ulimit` wants them: where its API listens.
async fn start(limits: &str) -> (Child, SocketAddr) {
    let script = format!("ulimit {limits} && exec \"$0\" \"$@\"");
    let mut child = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_yc-emulator")])
        .args(["--listen", "127.0.0.1:0", "--ydb-listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let read = tokio::time::timeout(PATIENCE, stdout.read_line(&mut line));
    read.await.unwrap().unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = ready["api"].as_str().unwrap();
    let address = address.strip_prefix("http://").unwrap();
    (child, address.parse().unwrap())
}

#[tokio::test]
async fn the_emulator_raises_its_limit_of_open_files_to_the_hard_one() {
    let (child, _) = start("-Sn 100 && ulimit -Hn 200").await;
    let limits = format!("/proc/{}/limits", child.id().unwrap());
    let limits = std::fs::read_to_string(limits).unwrap();
    let files = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let files: Vec<&str> = files.unwrap().split_whitespace().collect();
    assert_eq!(files, ["200", "200", "files"]);
}

#[tokio::test]
async fn connections_beyond_the_limit_are_told_what_to_do() {
    let (mut child, address) = start("-n 100").await;
    // The system completes them whether the emulator accepts them or not.
    let mut connections = Vec::new();
    for _ in 0..120 {
        connections.push(TcpStream::connect(address).await.unwrap());
    }
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let warning = async {
        loop {
            let line = log.next_line().await.unwrap().unwrap();
            if line.contains("can't accept a connection") {
                break line;
            }
        }
    };
    let warning = tokio::time::timeout(PATIENCE, warning).await.unwrap();
    assert!(warning.contains("this process may have 100"), "{warning}");
    assert!(warning.contains("`ulimit -Hn`"), "{warning}");
    connections.clear();
    // Err means that another test did it before: as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let answer = reqwest::get(format!("http://{address}/endpoints")).await;
    assert!(answer.unwrap().status().is_success());
}
