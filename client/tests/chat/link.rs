//! Connections: refused, cut, replaced; and with which code the client ends.

use crate::support::{Client, Server, broadcast, command, error, run, soon};
use serde_json::Value;

async fn refused(status: u16) -> crate::support::Remains {
    let server = Server::start().await;
    let client = Client::start(&["send", "--url", &server.url(), "x"]);
    server.refuse(status).await;
    client.end().await
}

#[tokio::test]
async fn the_command_line_is_checked_first() {
    let cases: [&[&str]; 8] = [
        &["join", "--frobnicate"],
        &["join"],
        &["join", "--url", "https://example.com/ws"],
        &["join", "lobby", "--url", "ws://localhost/ws"],
        &["tail", "a/b/c"],
        &["tail", "--url", "ws://localhost/ws", "--nick", "a\u{1b}b"],
        &[
            "send",
            "--url",
            "wss://localhost/ws",
            "--cacert",
            "/nowhere/ca.pem",
            "x",
        ],
        &["join", "lobby", "--kubeconfig", "/nowhere/config"],
    ];
    for args in cases {
        let remains = run(args).await;
        assert_eq!(remains.code, 2, "{args:?}: {}", remains.stderr);
        assert!(!remains.stderr.is_empty(), "{args:?}");
    }
}

#[tokio::test]
async fn who_cannot_be_reached_is_4() {
    // Bound, but nobody listens behind it any more.
    let server = Server::start().await;
    let url = server.url();
    drop(server);
    let remains = run(&["send", "--url", &url, "x"]).await;
    assert_eq!(remains.code, 4, "{}", remains.stderr);
    let remains = run(&[
        "send",
        "--url",
        "ws://no-such-host.invalid/ws?token=secret",
        "x",
    ])
    .await;
    assert_eq!(remains.code, 4, "{}", remains.stderr);
    assert!(!remains.stderr.contains("secret"));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_4() {
    let server = Server::start().await;
    let url = server.url();
    let client = Client::start(&["send", "--url", &url, "--connect-timeout", "100ms", "x"]);
    let _silent = server.tcp().await;
    let remains = client.end().await;
    assert_eq!(remains.code, 4);
    assert!(
        remains.stderr.contains("within 100ms"),
        "{}",
        remains.stderr
    );
}

#[tokio::test]
async fn refusals_have_their_codes() {
    assert_eq!(refused(401).await.code, 5);
    assert_eq!(refused(403).await.code, 5);
    assert_eq!(refused(404).await.code, 8);
    // Somebody took the name at the same moment.
    assert_eq!(refused(409).await.code, 6);
}

#[tokio::test]
async fn a_busy_chat_is_tried_again() {
    let server = Server::start().await;
    let client = Client::start(&["send", "--url", &server.url(), "x"]);
    server.refuse(503).await;
    let mut peer = server.accept().await;
    assert_eq!(peer.take().await, "x");
    peer.closed().await;
    assert_eq!(client.end().await.code, 0);
}

#[tokio::test]
async fn a_cut_is_mended_and_the_gap_told() {
    let server = Server::start().await;
    let mut client = Client::start(&["join", "--url", &server.url(), "--json"]);
    client.write("important\n").await;
    let mut peer = server.accept().await;
    let (_, id) = peer.sent().await;
    drop(peer);
    let mut peer = server.accept().await;
    let gap: Value = serde_json::from_str(&client.line().await).expect("JSON");
    assert_eq!(gap["event"], "gap");
    assert_eq!(gap["text"], "offline 1 s; messages may be missing");
    // The same message with the same id: receivers drop the repeat.
    assert_eq!(peer.sent().await, ("important".to_owned(), id.clone()));
    peer.ack(&id).await;
    client.end_input();
    peer.closed().await;
    assert_eq!(client.end().await.code, 0);
}

#[tokio::test]
async fn people_see_the_gap_as_a_line() {
    let server = Server::start().await;
    let mut client = Client::start(&["tail", "--url", &server.url()]);
    server.accept().await.close().await;
    let mut peer = server.accept().await;
    assert_eq!(
        client.line().await,
        "— offline 1 s; messages may be missing —"
    );
    peer.tell(&broadcast("bob", "back", "1")).await;
    assert_eq!(client.line().await, "12:00:07 bob: back");
}

#[tokio::test]
async fn a_connection_that_stays_away_is_6() {
    let server = Server::start().await;
    let url = server.url();
    let client = Client::start(&["tail", "--url", &url, "--retry-for", "100ms"]);
    let peer = server.accept().await;
    drop(server);
    drop(peer);
    let remains = client.end().await;
    assert_eq!(remains.code, 6, "{}", remains.stderr);

    let server = Server::start().await;
    let client = Client::start(&["tail", "--url", &server.url(), "--no-reconnect"]);
    server.accept().await.close().await;
    assert_eq!(client.end().await.code, 6);
}

#[tokio::test]
async fn a_replaced_client_ends_and_stays_away() {
    let server = Server::start().await;
    let client = Client::start(&["join", "--url", &server.url()]);
    let mut peer = server.accept().await;
    peer.tell(&error("REPLACED", None)).await;
    peer.closed().await;
    let remains = client.end().await;
    assert_eq!(remains.code, 6);
    assert!(remains.stderr.contains("same name"), "{}", remains.stderr);
}

#[tokio::test]
async fn signals_close_the_connection_first() {
    use rustix::process::{Pid, Signal, kill_process};
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let server = Server::start().await;
        let mut client = Client::start(&["tail", "--url", &server.url()]);
        let mut peer = server.accept().await;
        // Once it shows something, it listens to signals for sure.
        peer.tell(&broadcast("bob", "hi", "1")).await;
        client.line().await;
        let pid = client
            .child
            .id()
            .and_then(|pid| Pid::from_raw(pid.cast_signed()));
        kill_process(pid.expect("a process"), signal).expect("signalled");
        peer.closed().await;
        assert_eq!(client.end().await.code, code);
    }
}

#[tokio::test]
async fn the_environment_names_the_chat_and_the_user() {
    let server = Server::start().await;
    let mut command = command(&["send", "from", "the", "environment"]);
    command
        .env("WSCHAT_URL", server.url())
        .env("WSCHAT_NICK", "env");
    let mut child = command.spawn().expect("starts");
    let mut peer = server.accept().await;
    assert!(peer.query.ends_with("user_id=env"), "{}", peer.query);
    assert_eq!(peer.take().await, "from the environment");
    peer.closed().await;
    assert!(soon(child.wait()).await.expect("ended").success());
}

#[tokio::test]
async fn completions_are_printed() {
    let remains = run(&["completions", "bash"]).await;
    assert_eq!(remains.code, 0);
    assert!(remains.stdout.contains("_wschat"), "{}", remains.stdout);
}
