use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::time::Instant;

use super::fakes::{Did, Outside, Store};
use super::*;
use crate::call::Token;
use crate::log::Level;

/// A chat instance with its outside.
struct Fixture {
    chat: Chat,
    outside: Outside,
}

impl Fixture {
    fn new() -> Self {
        Self {
            chat: Chat::new(Log::new(Level::Error)),
            outside: Outside::default(),
        }
    }

    fn call() -> Call {
        Call::new("r1".into(), Token::default(), Duration::from_secs(30))
    }

    async fn connect(&self, connection_id: &str, user_id: &str) -> (u16, Value) {
        let event = Connect {
            connection_id: connection_id.into(),
            user_id: Some(user_id.into()),
            probe: user_id == "probe",
        };
        let (ports, call) = (self.outside.ports(), Self::call());
        read(&self.chat.connect(&event, ports, &call).await)
    }

    async fn say(&self, connection_id: &str, frame: &str) -> Value {
        let ports = self.outside.ports();
        let call = Self::call();
        let reply = self.chat.message(connection_id, Some(frame), ports, &call);
        let (status, body) = read(&reply.await);
        assert_eq!(status, 200, "every frame is answered with 200");
        body
    }

    async fn disconnect(&self, connection_id: &str) {
        let ports = self.outside.ports();
        self.chat
            .disconnect(connection_id, ports, &Self::call())
            .await;
    }

    fn published(&self) -> Vec<String> {
        let did = self.outside.did();
        did.into_iter()
            .map(|did| match did {
                Did::Published(words) => words,
                other => panic!("not published: {other:?}"),
            })
            .collect()
    }
}

fn read(reply: &Reply) -> (u16, Value) {
    match reply {
        Reply::Gateway { status, body } => (*status, serde_json::from_str(body).unwrap()),
        Reply::Operator(_) => panic!("not for the gateway"),
    }
}

#[tokio::test(start_paused = true)]
async fn people_come_talk_and_go() {
    let fixture = Fixture::new();
    let (status, body) = fixture.connect("c1", "ann").await;
    assert_eq!((status, &body["type"]), (200, &"CONNECTED".into()));
    assert_eq!(body["userId"], "ann");
    let ack = fixture
        .say("c1", r#"{"type":"SEND","content":"hi","id":"1"}"#)
        .await;
    assert_eq!((&ack["type"], &ack["id"]), (&"ACK".into(), &"1".into()));
    let ack = fixture.say("c1", r#"{"type":"DISCONNECT"}"#).await;
    assert_eq!(ack["originalType"], "DISCONNECT");
    // The socket's end comes after the goodbye and tells nothing new.
    fixture.disconnect("c1").await;
    assert_eq!(fixture.published(), ["+ann", "ann: hi", "-ann"]);
    let error = fixture.say("c1", r#"{"type":"SEND","content":"hi"}"#).await;
    assert_eq!(error["code"], "NOT_CONNECTED");
}

#[tokio::test(start_paused = true)]
async fn a_repeated_id_is_acknowledged_and_published_once() {
    let fixture = Fixture::new();
    fixture.connect("c1", "ann").await;
    for _ in 0..2 {
        let ack = fixture
            .say("c1", r#"{"type":"SEND","content":"hi","id":"1"}"#)
            .await;
        assert_eq!(ack["type"], "ACK");
    }
    assert_eq!(fixture.published(), ["+ann", "ann: hi"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_acknowledged_is_published_again() {
    let fixture = Fixture::new();
    fixture.connect("c1", "ann").await;
    let frame = r#"{"type":"SEND","content":"hi","id":"1"}"#;
    fixture.outside.state().topic_down = true;
    let error = fixture.say("c1", frame).await;
    assert_eq!(
        (&error["code"], &error["id"]),
        (&"UNAVAILABLE".into(), &"1".into())
    );
    fixture.outside.state().topic_down = false;
    assert_eq!(fixture.say("c1", frame).await["type"], "ACK");
    assert_eq!(fixture.published(), ["+ann", "ann: hi"]);
}

#[tokio::test(start_paused = true)]
async fn a_newer_connection_replaces_the_older() {
    let fixture = Fixture::new();
    fixture.connect("c1", "ann").await;
    fixture.connect("c0", "bob").await;
    fixture.outside.did();
    let (status, _) = fixture.connect("c2", "ann").await;
    assert_eq!(status, 200);
    assert_eq!(
        fixture.outside.did(),
        [
            Did::Published("+ann".into()),
            Did::Sent("c1".into(), "REPLACED".into()),
            Did::Closed("c1".into()),
        ]
    );
    // The replaced socket's end is nobody's leaving.
    fixture.disconnect("c1").await;
    assert_eq!(fixture.published(), [] as [&str; 0]);
    let rows: Vec<_> = fixture.outside.state().rows.keys().cloned().collect();
    assert_eq!(rows, ["c0", "c2"]);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_under_way_is_waited_for_but_an_old_row_is_not() {
    let fixture = Fixture::new();
    fixture.connect("c1", "ann").await;
    fixture.outside.state().not_found = 3;
    fixture.connect("c2", "ann").await;
    assert!(fixture.outside.did().contains(&Did::Closed("c1".into())));

    let hour_ago = SystemTime::now() - Duration::from_hours(1);
    let row = ("bob".to_owned(), Some(hour_ago));
    fixture.outside.state().rows.insert("c3".into(), row);
    fixture.outside.state().not_found = usize::MAX;
    let start = Instant::now();
    assert_eq!(fixture.connect("c4", "bob").await.0, 200);
    assert_eq!(start.elapsed(), Duration::ZERO, "nothing to wait for");

    fixture
        .outside
        .state()
        .rows
        .insert("c5".into(), ("cid".into(), None));
    assert_eq!(fixture.connect("c6", "cid").await.0, 200);
    assert!(
        start.elapsed() < Duration::from_secs(6),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_replaced_during_the_handshake_gets_no_socket() {
    let fixture = Fixture::new();
    fixture.outside.state().steal_on_publish = true;
    assert_eq!(fixture.connect("c1", "ann").await.0, 409);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_refuses_handshakes_and_messages() {
    let fixture = Fixture::new();
    fixture.outside.state().store = Store::Down;
    assert_eq!(fixture.connect("c1", "ann").await.0, 503);
    let error = fixture.say("c1", r#"{"type":"SEND","content":"hi"}"#).await;
    assert_eq!(error["code"], "UNAVAILABLE");
    assert_eq!(
        fixture.say("c1", r#"{"type":"PING"}"#).await["type"],
        "PONG"
    );
    assert_eq!(fixture.published(), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_failed_leaves_no_row() {
    let fixture = Fixture::new();
    fixture.outside.state().store = Store::JoinAnswerLost;
    assert_eq!(fixture.connect("c1", "ann").await.0, 503);
    assert!(fixture.outside.state().rows.is_empty());
    // Others may have been told that she came, so they hear that she left.
    fixture.outside.did();
    fixture.outside.state().store = Store::LooksFail;
    assert_eq!(fixture.connect("c2", "ann").await.0, 503);
    assert!(fixture.outside.state().rows.is_empty());
    assert_eq!(fixture.published(), ["+ann", "-ann"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_known_of_a_connection_grows_old() {
    let fixture = Fixture::new();
    fixture.connect("c1", "ann").await;
    let frame = r#"{"type":"SEND","content":"hi"}"#;
    // Another instance replaced it, and couldn't close its socket.
    fixture.outside.state().rows.clear();
    assert_eq!(fixture.say("c1", frame).await["type"], "ACK");
    tokio::time::advance(USER_KNOWN_FOR).await;
    assert_eq!(fixture.say("c1", frame).await["code"], "NOT_CONNECTED");
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_is_down_keeps_nobody_out() {
    let fixture = Fixture::new();
    fixture.outside.state().topic_down = true;
    assert_eq!(fixture.connect("c1", "ann").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_connections_user_is_looked_up_once() {
    let fixture = Fixture::new();
    let row = ("ann".to_owned(), None);
    fixture.outside.state().rows.insert("c1".into(), row);
    for _ in 0..3 {
        fixture.say("c1", r#"{"type":"SEND","content":"hi"}"#).await;
    }
    assert_eq!(fixture.outside.looks(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_probe_leaves_no_trace() {
    let fixture = Fixture::new();
    assert_eq!(fixture.connect("c1", "probe").await.0, 200);
    assert_eq!(
        fixture.say("c1", r#"{"type":"PING","id":"p"}"#).await["id"],
        "p"
    );
    fixture.disconnect("c1").await;
    assert_eq!(fixture.published(), [] as [&str; 0]);
    assert!(fixture.outside.state().rows.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_text_is_answered_too() {
    let fixture = Fixture::new();
    let ports = fixture.outside.ports();
    let call = Fixture::call();
    let (status, body) = read(&fixture.chat.message("c1", None, ports, &call).await);
    assert_eq!((status, &body["code"]), (200, &"BAD_JSON".into()));
}

#[test]
fn times_are_rfc_3339_in_utc_with_milliseconds() {
    let now = now();
    assert!(now.parse::<Timestamp>().is_ok(), "{now}");
    assert_eq!(now.len(), "2026-01-01T00:00:00.000Z".len(), "{now}");
}
