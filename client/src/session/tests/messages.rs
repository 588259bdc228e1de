//! Messages: ours and those of others.

use super::*;

#[test]
fn messages_go_one_by_one_in_order() {
    let mut bench = Bench::up(settings());
    assert_eq!(ids_sent(&bench.submit("1")), ["1"]);
    assert!(bench.submit("2").is_empty());
    assert!(bench.ack("9").is_empty(), "not ours");
    assert_eq!(ids_sent(&bench.ack("1")), ["2"]);
    assert!(bench.ack("2").is_empty());
}

#[test]
fn an_old_servers_ack_has_no_id() {
    let mut bench = Bench::strict();
    bench.submit("1");
    assert!(!bench.session.wants_input());
    bench.frame(&json!({"type": "ACK", "originalType": "SEND"}));
    assert!(bench.session.wants_input());
}

#[test]
fn own_broadcasts_are_hidden_and_confirm() {
    let mut bench = Bench::strict();
    bench.submit("1");
    assert!(bench.frame(&broadcast("alice", "1")).is_empty());
    assert!(bench.session.wants_input());
    // The id alone isn't ours, and neither is the name alone.
    assert_eq!(bench.frame(&broadcast("bob", "1")).len(), 1);
    assert_eq!(bench.frame(&broadcast("alice", "2")).len(), 1);
}

#[test]
fn repeats_are_dropped_among_the_last_1024() {
    let mut bench = Bench::up(settings());
    let shown = |actions: Vec<Action>| told(&actions).len();
    assert_eq!(shown(bench.frame(&broadcast("bob", "0"))), 1);
    assert_eq!(shown(bench.frame(&broadcast("bob", "0"))), 0);
    for id in 1..=REMEMBERED {
        assert_eq!(shown(bench.frame(&broadcast("bob", &id.to_string()))), 1);
    }
    assert_eq!(shown(bench.frame(&broadcast("bob", "0"))), 1, "forgotten");
    // Without an id nobody can tell.
    let plain = json!({"type": "BROADCAST", "userId": "bob", "content": "hi"});
    let twice = json!({"messages": [plain, plain]});
    assert_eq!(shown(bench.frame(&twice)), 2);
}

#[test]
fn an_unconfirmed_message_is_told_to_people() {
    let mut bench = Bench::up(settings());
    bench.submit("1");
    bench.submit("2");
    let actions = bench.pass(5 * SECOND);
    assert!(matches!(told(&actions)[..], [Told::Unconfirmed { id, .. }] if id == "1"));
    assert_eq!(ids_sent(&actions), ["2"]);
}

#[test]
fn an_unconfirmed_message_ends_a_script() {
    let mut bench = Bench::strict();
    bench.submit("1");
    let actions = bench.pass(5 * SECOND);
    assert!(actions.contains(&Action::Close));
    assert_eq!(
        ending(&bench.cut()),
        Some(&Ending::NotAcknowledged("text 1".to_owned()))
    );
}

#[test]
fn time_without_connection_does_not_count_against_a_message() {
    let mut bench = Bench::strict();
    bench.submit("1");
    bench.now += 4 * SECOND;
    bench.cut();
    bench.pass(SECOND);
    bench.now += 60 * SECOND;
    assert_eq!(ids_sent(&bench.open()), ["1"]);
    assert!(bench.pass(4 * SECOND).is_empty());
    assert!(bench.ack("1").is_empty());
}

#[test]
fn an_unavailable_server_is_asked_again_with_the_same_id() {
    let mut bench = Bench::strict();
    bench.submit("1");
    assert!(bench.frame(&error("UNAVAILABLE", Some("1"))).is_empty());
    assert_eq!(ids_sent(&bench.pass(SECOND)), ["1"]);
    assert!(bench.ack("1").is_empty());
    assert!(bench.session.wants_input());
}

#[test]
fn a_refused_message_ends_scripts_only() {
    for (strict, ends) in [(false, false), (true, true)] {
        let mut bench = Bench::up(Settings {
            strict,
            ..settings()
        });
        bench.submit("1");
        let actions = bench.frame(&error("TOO_LARGE", Some("1")));
        assert!(matches!(told(&actions)[..], [Told::Refused { code, .. }] if code == "TOO_LARGE"));
        assert_eq!(actions.contains(&Action::Close), ends);
    }
}

#[test]
fn who_is_back_at_once_was_never_away() {
    let joined = |user: &str| json!({"type": "USER_JOINED", "userId": user, "timestamp": "t"});
    let left = |user: &str| json!({"type": "USER_LEFT", "userId": user, "timestamp": "t"});
    let mut bench = Bench::up(settings());
    assert_eq!(bench.frame(&joined("bob")).len(), 1);
    assert!(bench.frame(&left("bob")).is_empty());
    bench.now += 2 * SECOND;
    assert!(bench.frame(&joined("bob")).is_empty());
    assert!(bench.pass(10 * SECOND).is_empty());

    bench.frame(&left("bob"));
    let actions = bench.pass(3 * SECOND);
    assert!(matches!(told(&actions)[..], [Told::Left { user, .. }] if user == "bob"));

    // Our own coming and going is no news, also not over a reconnect.
    assert!(bench.frame(&left("alice")).is_empty());
    assert!(bench.frame(&joined("alice")).is_empty());
    assert!(bench.pass(10 * SECOND).is_empty());
}

#[test]
fn probes_pongs_and_the_future_are_silent() {
    let mut bench = Bench::up(settings());
    for message in [
        json!({"type": "PROBE", "id": "n"}),
        json!({"type": "PONG"}),
        json!({"type": "CONNECTED", "userId": "alice"}),
    ] {
        assert!(bench.frame(&message).is_empty(), "{message}");
    }
    let actions = bench.frame(&json!({"type": "REACTION"}));
    assert_eq!(told(&actions), [&Told::Unknown { count: 1 }]);
}

#[test]
fn a_message_that_kills_connections_is_given_up() {
    for strict in [false, true] {
        let mut bench = Bench::up(Settings {
            strict,
            ..settings()
        });
        bench.submit("1");
        for _ in 0..2 {
            assert_eq!(ending(&bench.cut()), None);
            bench.pass(2 * SECOND);
            assert_eq!(ids_sent(&bench.open()), ["1"]);
        }
        let actions = bench.cut();
        assert!(matches!(told(&actions)[0], Told::Unconfirmed { id, .. } if id == "1"));
        let expected = strict.then(|| Ending::NotAcknowledged("text 1".to_owned()));
        assert_eq!(ending(&actions), expected.as_ref());
    }
}
