//! Scripts: messages by standard input, the chat by standard output.

use crate::support::{Client, Server, broadcast, error};
use serde_json::json;

#[tokio::test]
async fn each_line_awaits_its_ack_and_the_end_is_clean() {
    let server = Server::start().await;
    let mut client = Client::start(&["join", "--url", &server.url()]);
    client.write("one\n\ntwo\nlast without end").await;
    client.end_input();
    let mut peer = server.accept().await;
    assert_eq!(peer.query, "token=secret&user_id=alice");

    let (text, id) = peer.sent().await;
    assert_eq!(text, "one");
    // Had the client not waited, "two" would come before this is answered.
    peer.tell(&json!({"messages": [broadcast("bob", "hello", "b1"),
                                   broadcast("alice", "one", &id)]}))
        .await;
    assert_eq!(client.line().await, "12:00:07 bob: hello");
    assert_eq!(peer.take().await, "two");
    assert_eq!(peer.take().await, "last without end");
    let close = peer.closed().await.expect("a code");
    assert_eq!(u16::from(close.code), 1000);

    let remains = client.end().await;
    assert_eq!(remains.code, 0, "{}", remains.stderr);
    assert_eq!(remains.stdout, "", "own messages aren't echoed");
    assert!(
        remains.stderr.contains("connected as alice"),
        "{}",
        remains.stderr
    );
}

#[tokio::test]
async fn send_takes_its_text_from_the_command_line() {
    let server = Server::start().await;
    let url = server.url();
    let client = Client::start(&["send", "--url", &url, "--nick", "Ann & co", "hello", "you"]);
    let mut peer = server.accept().await;
    assert_eq!(peer.query, "token=secret&user_id=Ann+%26+co");
    peer.tell(&broadcast("bob", "noise", "b1")).await;
    assert_eq!(peer.take().await, "hello you");
    peer.closed().await;
    let remains = client.end().await;
    assert_eq!((remains.code, remains.stdout.as_str()), (0, ""));
    assert_eq!(remains.stderr, "");
}

#[tokio::test]
async fn send_reads_lines() {
    let server = Server::start().await;
    let mut client = Client::start(&["send", "--url", &server.url()]);
    client.write("a\nb\n").await;
    client.end_input();
    let mut peer = server.accept().await;
    assert_eq!(peer.take().await, "a");
    assert_eq!(peer.take().await, "b");
    peer.closed().await;
    assert_eq!(client.end().await.code, 0);
}

#[tokio::test]
async fn what_is_not_acknowledged_ends_with_7() {
    let server = Server::start().await;
    let url = server.url();
    let client = Client::start(&["send", "--url", &url, "--ack-timeout", "50ms", "lost"]);
    let mut peer = server.accept().await;
    peer.sent().await;
    peer.closed().await;
    let remains = client.end().await;
    assert_eq!(remains.code, 7);
    assert!(
        remains.stderr.contains("not acknowledged: lost"),
        "{}",
        remains.stderr
    );
}

#[tokio::test]
async fn what_is_refused_ends_with_8() {
    let server = Server::start().await;
    let client = Client::start(&["send", "--url", &server.url(), "x"]);
    let mut peer = server.accept().await;
    let (_, id) = peer.sent().await;
    peer.tell(&error("BAD_TYPE", Some(&id))).await;
    peer.closed().await;
    let remains = client.end().await;
    assert_eq!(remains.code, 8);
    assert!(
        remains.stderr.contains("BAD_TYPE: because"),
        "{}",
        remains.stderr
    );
}

#[tokio::test]
async fn what_is_too_large_isnt_sent_and_ends_with_8() {
    let server = Server::start().await;
    let mut client = Client::start(&["send", "--url", &server.url()]);
    let long = "x".repeat(16 * 1024 + 1);
    client.write(&format!("fits\n{long}\n")).await;
    client.end_input();
    let mut peer = server.accept().await;
    assert_eq!(peer.take().await, "fits");
    peer.closed().await;
    let remains = client.end().await;
    assert_eq!(remains.code, 8);
    assert!(remains.stderr.contains("16385 bytes"), "{}", remains.stderr);
}

#[tokio::test]
async fn an_unavailable_server_gets_the_message_again() {
    let server = Server::start().await;
    let client = Client::start(&["send", "--url", &server.url(), "x"]);
    let mut peer = server.accept().await;
    let (_, id) = peer.sent().await;
    peer.tell(&error("UNAVAILABLE", Some(&id))).await;
    let (_, again) = peer.sent().await;
    assert_eq!(again, id);
    peer.ack(&id).await;
    peer.closed().await;
    assert_eq!(client.end().await.code, 0);
}

#[tokio::test]
async fn a_reader_that_has_enough_ends_the_client() {
    let server = Server::start().await;
    let mut client = Client::start(&["tail", "--url", &server.url()]);
    let mut peer = server.accept().await;
    peer.tell(&broadcast("bob", "one", "1")).await;
    assert_eq!(client.line().await, "12:00:07 bob: one");
    client.hang_up();
    // At once, not only when there is something to write.
    peer.closed().await;
    let status = crate::support::soon(client.child.wait())
        .await
        .expect("ended");
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn tail_tells_programs_in_json() {
    let server = Server::start().await;
    let mut client = Client::start(&["tail", "--url", &server.url(), "--json"]);
    // It doesn't read this.
    client.write("not for the chat\n").await;
    let mut peer = server.accept().await;
    assert!(peer.query.contains("user_id=alice-tail-"), "{}", peer.query);
    let at = "2026-01-01T12:00:08Z";
    for message in [
        json!({"type": "CONNECTED", "userId": "alice"}),
        json!({"type": "PROBE", "id": "n"}),
        json!({"type": "REACTION"}),
        broadcast("bob", "hi\u{1b}[2J\n\u{202e}you", "1"),
        json!({"type": "USER_JOINED", "userId": "eve\u{7}", "timestamp": at}),
        json!({"type": "USER_LEFT", "userId": "eve\u{7}", "timestamp": at}),
    ] {
        peer.tell(&message).await;
    }
    assert_eq!(
        client.line().await,
        r#"{"v":1,"event":"message","id":"1","ts":"2026-01-01T12:00:07Z","user":"bob","text":"hi[2J\nyou"}"#
    );
    for event in ["joined", "left"] {
        assert_eq!(
            client.line().await,
            format!(r#"{{"v":1,"event":"{event}","ts":"{at}","user":"eve"}}"#)
        );
    }
}

#[tokio::test]
async fn nothing_from_others_steers_the_terminal() {
    let server = Server::start().await;
    let url = server.url();
    let mut client = Client::start(&["join", "--url", &url, "--color", "never"]);
    let mut peer = server.accept().await;
    peer.tell(&broadcast(
        "b\u{1b}]0;x\u{7}ob\n",
        "\u{1b}[31mred\u{9b}2J\u{202e}\n12:00:08 eve: no",
        "1",
    ))
    .await;
    assert_eq!(client.line().await, "12:00:07 b]0;xob : [31mred2J");
    // Too far to the right to look like a message of its own.
    assert!(client.line().await.starts_with("        "));
    peer.tell(&error("BAD_JSON\u{1b}", None)).await;
    client.end_input();
    peer.closed().await;
    let remains = client.end().await;
    assert!(!remains.stderr.contains('\u{1b}'), "{:?}", remains.stderr);
}
