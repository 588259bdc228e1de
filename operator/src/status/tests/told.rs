//! What conditions say together.

use super::*;

#[test]
fn either_the_operator_goes_on_or_somebody_acts() {
    let all_kinds = [
        (Class::Transient, ConditionStatus::True),
        (Class::Waiting, ConditionStatus::True),
        (Class::Terminal, ConditionStatus::False),
    ];
    for (class, goes_on) in all_kinds {
        let report = || failed(class, Reason::Invalid);
        for verdict in [
            Verdict::Locked(report()),
            Verdict::Short(report()),
            Verdict::Deleting(report()),
            provisioned(all(&report())),
        ] {
            let status = look(&WsChatStatus::default(), 1, &verdict, 1);
            assert_eq!(
                is(&status, ConditionType::Reconciling).0,
                goes_on,
                "{verdict:?}"
            );
            assert_ne!(
                is(&status, ConditionType::Stalled).0,
                goes_on,
                "{verdict:?}"
            );
        }
    }
}

#[test]
fn the_url_goes_when_the_first_part_does() {
    let ready = provisioned(all(&Report::Ready));
    let ready = look(&WsChatStatus::default(), 1, &ready, 1);
    let held = failed(Class::Waiting, Reason::DeletionProtected);
    let held = look(&ready, 2, &Verdict::Deleting(held), 2);
    assert!(held.url.is_some(), "nothing is removed");
    let removing = look(&held, 3, &Verdict::Deleting(pending()), 3);
    assert_eq!(removing.url, None);
    assert_eq!(removing.conditions.len(), 3, "nothing is said of parts");
    let message = &find(&removing.conditions, ConditionType::Ready)
        .unwrap()
        .message;
    assert!(
        message.starts_with("the WsChat is to be deleted: "),
        "{message}"
    );
}
