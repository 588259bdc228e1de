use super::*;

const NOW: &str = "2026-01-01T00:00:00Z";

fn connect(user_id: Option<&str>, probe: bool) -> OnConnect {
    let event = Connect {
        connection_id: "c1".into(),
        user_id: user_id.map(Into::into),
        probe,
    };
    on_connect(&event, || "guest".into(), NOW)
}

fn status(decision: &OnConnect) -> Option<u16> {
    match decision {
        OnConnect::Answer(Reply::Gateway { status, .. }) => Some(*status),
        OnConnect::Answer(Reply::Operator(_)) | OnConnect::Join(_) => None,
    }
}

#[test]
fn who_may_connect_as_whom() {
    assert_eq!(connect(Some("ann"), false), OnConnect::Join("ann".into()));
    assert_eq!(connect(None, false), OnConnect::Join("guest".into()));
    assert_eq!(status(&connect(Some(""), false)), Some(400));
    assert_eq!(status(&connect(Some("a\u{1b}b"), false)), Some(400));
    assert_eq!(status(&connect(Some(&"x".repeat(129)), false)), Some(400));
    // A probe takes no part, whatever its name.
    assert_eq!(status(&connect(Some("ann"), true)), Some(200));
}

#[test]
fn a_row_that_is_gone_refuses_the_handshake() {
    let Reply::Gateway { status, body } = after_join("ann", true, NOW) else {
        panic!("not for the gateway");
    };
    assert_eq!(status, 200);
    assert!(
        body.contains(r#""type":"CONNECTED","userId":"ann""#),
        "{body}"
    );
    let Reply::Gateway { status, .. } = after_join("ann", false, NOW) else {
        panic!("not for the gateway");
    };
    assert_eq!(status, 409);
}

fn decide(json: &str, user_id: Option<&str>, seen: &[(&str, &str)]) -> OnMessage {
    let mut recent = Recent::new(REMEMBERED_MESSAGES);
    for (user, id) in seen {
        recent.insert(((*user).to_owned(), (*id).to_owned()));
    }
    let facts = MessageFacts {
        user_id,
        recent: &recent,
        now: NOW,
    };
    on_message(ClientMessage::parse(json).expect(json), &facts)
}

#[test]
fn a_send_is_published_and_acknowledged_with_its_id() {
    let decision = decide(
        r#"{"type":"SEND","content":"hi","id":"7","timestamp":"1999-01-01T00:00:00Z"}"#,
        Some("ann"),
        &[],
    );
    assert_eq!(
        decision,
        OnMessage::Publish {
            broadcast: ServerMessage::Broadcast {
                user_id: "ann".into(),
                content: "hi".into(),
                timestamp: NOW.into(),
                id: Some("7".into()),
            },
            ack: ack("SEND", Some("7".into()), NOW.into()),
            key: Some(("ann".into(), "7".into())),
        }
    );
}

#[test]
fn a_repeat_is_acknowledged_but_not_published() {
    let send = r#"{"type":"SEND","content":"hi","id":"7"}"#;
    let repeat = decide(send, Some("ann"), &[("ann", "7")]);
    assert_eq!(
        repeat,
        OnMessage::Answer(ack("SEND", Some("7".into()), NOW.into()))
    );
    for seen in [("bob", "7"), ("ann", "8")] {
        let decision = decide(send, Some("ann"), &[seen]);
        assert!(matches!(decision, OnMessage::Publish { .. }), "{seen:?}");
    }
    // Without an id two equal messages are two messages.
    let without = decide(
        r#"{"type":"SEND","content":"hi"}"#,
        Some("ann"),
        &[("ann", "")],
    );
    assert!(matches!(without, OnMessage::Publish { key: None, .. }));
}

#[test]
fn who_has_no_row_is_not_connected() {
    let decision = decide(r#"{"type":"SEND","content":"hi","id":"7"}"#, None, &[]);
    let OnMessage::Answer(ServerMessage::Error {
        code,
        id,
        original_type,
        ..
    }) = decision
    else {
        panic!("not refused: {decision:?}");
    };
    assert_eq!(code, ErrorCode::NotConnected);
    assert_eq!(id.as_deref(), Some("7"));
    assert_eq!(original_type.as_deref(), Some("SEND"));
}

#[test]
fn ping_and_disconnect_need_no_row() {
    let pong = decide(r#"{"type":"PING","id":"p"}"#, None, &[]);
    assert_eq!(
        pong,
        OnMessage::Answer(ServerMessage::Pong {
            id: Some("p".into()),
            timestamp: NOW.into(),
        })
    );
    let leave = decide(r#"{"type":"DISCONNECT"}"#, None, &[]);
    assert!(matches!(leave, OnMessage::Leave { .. }));
    assert!(needs_user(
        &ClientMessage::parse(r#"{"type":"SEND","content":"a"}"#).unwrap()
    ));
    assert!(!needs_user(&ClientMessage::Disconnect));
}

#[test]
fn others_are_told_exactly_when_this_call_deleted_the_row() {
    assert_eq!(on_disconnect(None, NOW), None);
    assert_eq!(
        on_disconnect(Some("ann".into()), NOW),
        Some(ServerMessage::UserLeft {
            user_id: "ann".into(),
            timestamp: NOW.into(),
        })
    );
}
