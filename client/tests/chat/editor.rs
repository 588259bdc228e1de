//! People: the editor in a terminal.

use crate::support::{Server, broadcast, error};
use crate::terminal::Terminal;

const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";

async fn join(server: &Server) -> (Terminal, crate::support::Peer<tokio::net::TcpStream>) {
    let mut terminal = Terminal::start(&["join", "--url", &server.url()], "xterm");
    let peer = server.accept().await;
    terminal.shows("wschat: connected as alice in").await;
    terminal.ends_with("alice>").await;
    (terminal, peer)
}

#[tokio::test]
async fn half_typed_text_survives_what_others_write() {
    let server = Server::start().await;
    let (mut terminal, mut peer) = join(&server).await;
    terminal.press("half a thö");
    terminal.ends_with("alice> half a thö").await;
    peer.tell(&broadcast("bob", "am I interrupting?", "b1"))
        .await;
    terminal.shows("12:00:07 bob: am I interrupting?").await;
    terminal.ends_with("alice> half a thö").await;
    // More than a line of the screen.
    peer.tell(&broadcast("bob", &"long ".repeat(30), "b2"))
        .await;
    terminal.shows("long long").await;
    terminal.ends_with("alice> half a thö").await;

    terminal.press("ught\r");
    let (text, id) = peer.sent().await;
    assert_eq!(text, "half a thöught");
    peer.ack(&id).await;
    peer.tell(&broadcast("alice", "half a thöught", &id)).await;
    peer.tell(&broadcast("bob", "indeed", "b3")).await;
    terminal.shows("bob: indeed").await;
    let lines = terminal.screen();
    let mine = lines.iter().filter(|line| line.contains("thöught"));
    assert_eq!(mine.count(), 1, "typed once, shown once: {lines:#?}");
}

#[tokio::test]
async fn ctrl_c_clears_the_line_and_then_quits() {
    let server = Server::start().await;
    let (mut terminal, mut peer) = join(&server).await;
    terminal.press("never mind");
    terminal.ends_with("alice> never mind").await;
    terminal.press(CTRL_C);
    terminal.ends_with("alice>").await;
    terminal.press(CTRL_C);
    peer.closed().await;
    assert_eq!(terminal.end().await, 0);
    assert!(terminal.is_usual());
}

#[tokio::test]
async fn ctrl_d_quits() {
    let server = Server::start().await;
    let (mut terminal, mut peer) = join(&server).await;
    terminal.press(CTRL_D);
    peer.closed().await;
    assert_eq!(terminal.end().await, 0);
    assert!(terminal.is_usual());
}

#[tokio::test]
async fn an_end_from_outside_gives_the_terminal_back() {
    let server = Server::start().await;
    let (mut terminal, mut peer) = join(&server).await;
    terminal.press("half");
    terminal.ends_with("alice> half").await;
    assert!(!terminal.is_usual());
    peer.tell(&error("REPLACED", None)).await;
    peer.closed().await;
    assert_eq!(terminal.end().await, 6);
    assert!(terminal.is_usual());
    // Below the half-typed line, not in it.
    terminal
        .shows("wschat: another client connected under")
        .await;
    let lines = terminal.screen();
    assert!(lines.contains(&"alice> half".to_owned()), "{lines:#?}");
}

#[tokio::test]
async fn many_pasted_lines_are_asked_about() {
    let server = Server::start().await;
    let (mut terminal, mut peer) = join(&server).await;
    let paste = "\u{1b}[200~one\ntwo\nthree\nfour\u{1b}[201~\r";
    terminal.press(paste);
    terminal.ends_with("send these 4 lines? [y/N]").await;
    terminal.press("\r");
    terminal.shows("! not sent").await;
    terminal.ends_with("alice>").await;
    terminal.press(paste);
    terminal.ends_with("send these 4 lines? [y/N]").await;
    terminal.press("y\r");
    assert_eq!(peer.take().await, "one\ntwo\nthree\nfour");
    // Few lines are no mistake.
    terminal.ends_with("alice>").await;
    terminal.press("\u{1b}[200~one\ntwo\u{1b}[201~\r");
    assert_eq!(peer.take().await, "one\ntwo");
}

#[tokio::test]
async fn what_is_too_large_comes_back() {
    let server = Server::start().await;
    let (mut terminal, mut peer) = join(&server).await;
    let long = "x".repeat(16 * 1024 + 1);
    terminal.press(&format!("\u{1b}[200~{long}\u{1b}[201~\r"));
    terminal.shows("! the message has 16385 bytes").await;
    terminal.ends_with("alice>").await;
    let (up, backspace) = ("\u{1b}[A", "\u{7f}");
    terminal.press(&format!("{up}{backspace}\r"));
    assert_eq!(peer.take().await.len(), 16 * 1024);
}

#[tokio::test]
async fn commands_are_not_sent() {
    let server = Server::start().await;
    let (mut terminal, mut peer) = join(&server).await;
    terminal.press("/help\r");
    terminal.shows("Ctrl-D quits.").await;
    terminal.ends_with("alice>").await;
    terminal.press("/frobnicate\r");
    terminal.shows("! unknown command /frobnicate").await;
    terminal.ends_with("alice>").await;
    terminal.press("//etc\r");
    assert_eq!(peer.take().await, "/etc");
    terminal.ends_with("alice>").await;
    terminal.press("/quit\r");
    peer.closed().await;
    assert_eq!(terminal.end().await, 0);
}

#[tokio::test]
async fn a_reconnect_keeps_the_line() {
    let server = Server::start().await;
    let (mut terminal, peer) = join(&server).await;
    terminal.press("wait");
    terminal.ends_with("alice> wait").await;
    drop(peer);
    let mut peer = server.accept().await;
    terminal
        .shows("— offline 1 s; messages may be missing —")
        .await;
    terminal.ends_with("alice> wait").await;
    terminal.press(" for me\r");
    assert_eq!(peer.take().await, "wait for me");
}

#[tokio::test]
async fn a_dumb_terminal_gets_lines() {
    let server = Server::start().await;
    let mut terminal = Terminal::start(&["join", "--url", &server.url()], "dumb");
    let mut peer = server.accept().await;
    terminal.shows("connected as alice").await;
    terminal.press("plain\n");
    assert_eq!(peer.take().await, "plain");
    assert!(!terminal.screen().iter().any(|line| line.contains("alice>")));
}
