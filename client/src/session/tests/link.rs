//! Connections: lost, found, renewed, ended.

use super::*;

#[test]
fn a_cut_sends_the_open_message_again_and_tells_the_gap() {
    let mut bench = Bench::up(settings());
    bench.submit("1");
    let actions = bench.cut();
    assert!(matches!(
        told(&actions)[..],
        [Told::Reconnecting { attempt: 1, after, .. }] if *after == SECOND / 2
    ));
    assert_eq!(bench.pass(SECOND), [Action::Connect]);
    bench.now += 42 * SECOND;
    let actions = bench.open();
    let offline = 43 * SECOND;
    assert_eq!(told(&actions), [&Told::Gap { offline }]);
    assert_eq!(ids_sent(&actions), ["1"]);
    assert!(bench.ack("1").is_empty());
}

#[test]
fn retries_slow_down_and_end() {
    let mut bench = Bench::up(settings());
    bench.cut();
    let begun = bench.now;
    let mut connects = 0;
    let last = loop {
        bench.pass(30 * SECOND);
        connects += 1;
        let actions = bench.event(Event::Refused(Refusal::Unreachable("down".to_owned())));
        if ending(&actions).is_some() {
            break actions;
        }
    };
    assert_eq!(ending(&last), Some(&Ending::GaveUp("down".to_owned())));
    assert!(bench.now - begun <= 600 * SECOND);
    assert!(connects >= 19, "{connects}");
}

#[test]
fn a_minute_of_stability_forgets_failures() {
    for (stable, expected) in [(59, 2), (60, 1)] {
        let mut bench = Bench::up(settings());
        bench.cut();
        bench.pass(SECOND);
        bench.open();
        bench.now += stable * SECOND;
        let actions = bench.cut();
        let [Told::Reconnecting { attempt, .. }] = told(&actions)[..] else {
            panic!("{actions:?}");
        };
        assert_eq!(*attempt, expected, "after {stable} s");
    }
}

#[test]
fn first_refusals_end_at_once_unless_the_chat_is_busy() {
    let refusals = [
        Refusal::Unreachable("no such host".to_owned()),
        Refusal::Denied(403),
        Refusal::NoChat(404),
        Refusal::Protocol("no upgrade".to_owned()),
    ];
    for refusal in refusals {
        let mut bench = Bench::new(settings());
        let actions = bench.event(Event::Refused(refusal.clone()));
        assert_eq!(ending(&actions), Some(&Ending::Refused(refusal)));
    }
    let mut bench = Bench::new(settings());
    let actions = bench.event(Event::Refused(Refusal::Busy(503)));
    assert_eq!(ending(&actions), None);
    assert_eq!(bench.pass(SECOND), [Action::Connect]);
}

#[test]
fn a_replaced_client_never_comes_back() {
    let mut bench = Bench::up(settings());
    assert_eq!(bench.frame(&error("REPLACED", None)), [Action::Close]);
    assert_eq!(ending(&bench.cut()), Some(&Ending::Replaced));
    assert!(bench.pass(700 * SECOND).is_empty());

    let mut bench = Bench::up(settings());
    bench.cut();
    bench.pass(SECOND);
    let actions = bench.event(Event::Refused(Refusal::Taken));
    assert_eq!(ending(&actions), Some(&Ending::Replaced));
}

#[test]
fn without_reconnecting_a_cut_is_the_end() {
    let mut bench = Bench::up(Settings {
        reconnect: false,
        ..settings()
    });
    assert_eq!(ending(&bench.cut()), Some(&Ending::Lost("cut".to_owned())));
}

#[test]
fn a_silent_server_is_left() {
    let mut bench = Bench::up(settings());
    assert_eq!(bench.pass(30 * SECOND), [Action::Ping]);
    bench.now += 5 * SECOND;
    assert!(bench.event(Event::Alive).is_empty());
    assert_eq!(bench.pass(25 * SECOND), [Action::Ping]);
    let actions = bench.pass(10 * SECOND);
    assert_eq!(actions[0], Action::Drop);
    assert!(matches!(told(&actions)[..], [Told::Reconnecting { .. }]));
}

#[test]
fn an_old_connection_is_renewed_when_the_user_is_idle() {
    let mut bench = Bench::up(settings());
    bench.session.set_input_empty(false);
    let mut actions = Vec::new();
    for _ in 0..(59 * 60) {
        actions.extend(bench.pass(SECOND));
        bench.event(Event::Alive);
    }
    assert!(!actions.contains(&Action::Close), "half-typed text is kept");
    bench.session.set_input_empty(true);
    assert_eq!(bench.pass(Duration::ZERO), [Action::Close]);
    assert_eq!(bench.cut(), [Action::Drop, Action::Connect]);
    bench.now += SECOND;
    assert!(matches!(told(&bench.open())[..], [Told::Gap { .. }]));
}

#[test]
fn a_forgotten_connection_is_replaced_at_the_pace_of_broken_ones() {
    let mut bench = Bench::up(settings());
    bench.submit("1");
    assert_eq!(
        bench.frame(&error("NOT_CONNECTED", Some("1"))),
        [Action::Close]
    );
    let actions = bench.cut();
    assert!(matches!(told(&actions)[..], [Told::Reconnecting { .. }]));
    assert_eq!(bench.pass(SECOND), [Action::Connect]);
    assert_eq!(ids_sent(&bench.open()), ["1"]);
}

#[test]
fn the_end_of_input_waits_for_the_last_acknowledgement() {
    let mut bench = Bench::strict();
    bench.submit("1");
    assert!(bench.event(Event::InputEnd).is_empty());
    assert_eq!(bench.ack("1"), [Action::Close]);
    assert_eq!(ending(&bench.cut()), Some(&Ending::Clean));
}

#[test]
fn input_that_ends_before_the_connection_is_delivered() {
    let mut bench = Bench::new(Settings {
        strict: true,
        ..settings()
    });
    bench.submit("1");
    assert!(bench.event(Event::InputEnd).is_empty());
    assert_eq!(ids_sent(&bench.open()), ["1"]);
    assert_eq!(bench.ack("1"), [Action::Close]);
}

#[test]
fn a_close_that_nobody_answers_ends_anyway() {
    let mut bench = Bench::up(settings());
    assert_eq!(
        bench.event(Event::Quit(Ending::Interrupted)),
        [Action::Close]
    );
    assert_eq!(
        ending(&bench.pass(CLOSE_WITHIN)),
        Some(&Ending::Interrupted)
    );
}

#[test]
fn quitting_twice_does_not_wait() {
    let mut bench = Bench::up(settings());
    bench.event(Event::Quit(Ending::Clean));
    let actions = bench.event(Event::Quit(Ending::Interrupted));
    assert_eq!(ending(&actions), Some(&Ending::Interrupted));
}

#[test]
fn a_close_for_size_refuses_the_message() {
    let mut bench = Bench::up(settings());
    bench.submit("1");
    let (code, why) = (Some(MESSAGE_TOO_BIG), "too big".to_owned());
    let actions = bench.event(Event::Lost { code, why });
    assert!(matches!(
        told(&actions)[..],
        [Told::Refused { .. }, Told::Reconnecting { .. }]
    ));
    bench.pass(SECOND);
    assert!(
        ids_sent(&bench.open()).is_empty(),
        "it would only be closed again"
    );
}
