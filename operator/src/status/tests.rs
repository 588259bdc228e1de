//! Conditions that follow from reports.

mod told;

use std::time::Duration;

use wschat_crds::condition::find;

use super::*;
use crate::error::Class;
use crate::outcome::Pending;
use crate::report::Reached;
use crate::resource::Resource;
use crate::validate::{Defaults, identity};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn who(generation: i64) -> Identity {
    let mut chat = wschat_crds::WsChat::new("lobby", wschat_crds::WsChatSpec::default());
    chat.metadata.generation = Some(generation);
    let defaults = Defaults {
        folder_id: "b1g".to_owned(),
        installation_id: "here".to_owned(),
        allowed_folders: Vec::new(),
        own_account: None,
    };
    identity(&chat, &defaults)
}

fn all(report: &Report) -> Reports {
    Reports {
        service_account: report.clone(),
        roles: report.clone(),
        database: report.clone(),
        schema: report.clone(),
        topic: report.clone(),
        function: report.clone(),
        invokers: report.clone(),
        version: report.clone(),
        live: report.clone(),
        gateway: report.clone(),
        trigger: report.clone(),
        probe: report.clone(),
        reach: Reached::default(),
    }
}

fn look(prior: &WsChatStatus, generation: i64, verdict: &Verdict, second: i64) -> WsChatStatus {
    next(
        prior,
        Resources::default(),
        &who(generation),
        verdict,
        at(second),
    )
}

fn provisioned(reports: Reports) -> Verdict {
    Verdict::Provisioned {
        reports: Box::new(reports),
        url: Some("wss://chat/ws".to_owned()),
        handler_version: Some("0.1.0+12345678".to_owned()),
    }
}

fn failed(class: Class, reason: Reason) -> Report {
    Report::Failed {
        class,
        reason,
        message: "it went wrong".to_owned(),
    }
}

fn pending() -> Report {
    Report::Pending(progress())
}

fn progress() -> Pending {
    Pending {
        reason: Reason::Provisioning,
        message: "the cloud makes the database".to_owned(),
        again: Duration::from_millis(300),
    }
}

fn is(status: &WsChatStatus, type_: ConditionType) -> (ConditionStatus, &str) {
    let condition = find(&status.conditions, type_).unwrap();
    (condition.status, &condition.reason)
}

#[test]
fn a_chat_is_ready_when_every_step_is() {
    let status = look(
        &WsChatStatus::default(),
        1,
        &provisioned(all(&Report::Ready)),
        1,
    );
    for type_ in ConditionType::ALL {
        let expected = match type_ {
            ConditionType::Reconciling | ConditionType::Stalled => ConditionStatus::False,
            _ => ConditionStatus::True,
        };
        assert_eq!(is(&status, type_).0, expected, "{type_:?}");
    }
    assert_eq!(status.url.as_deref(), Some("wss://chat/ws"));
    assert_eq!(status.observed_generation, Some(1));
}

#[test]
fn the_url_is_published_only_after_the_probe() {
    let reports = Reports {
        probe: pending(),
        ..all(&Report::Ready)
    };
    let status = look(&WsChatStatus::default(), 1, &provisioned(reports), 1);
    assert_eq!(status.url, None);
    assert_eq!(
        is(&status, ConditionType::Ready),
        (ConditionStatus::False, "Provisioning")
    );
    assert_eq!(
        is(&status, ConditionType::TriggerReady).0,
        ConditionStatus::True
    );
}

#[test]
fn the_cause_is_told_rather_than_what_it_blocks() {
    let reports = Reports {
        service_account: Report::Ready,
        roles: Report::Ready,
        database: failed(Class::Waiting, Reason::QuotaExceeded),
        ..all(&Report::Blocked(Resource::Database))
    };
    let status = look(&WsChatStatus::default(), 1, &provisioned(reports), 1);
    assert_eq!(
        is(&status, ConditionType::Ready),
        (ConditionStatus::False, "QuotaExceeded")
    );
    assert_eq!(
        is(&status, ConditionType::GatewayReady),
        (ConditionStatus::False, "Blocked")
    );
    assert_eq!(
        is(&status, ConditionType::Reconciling),
        (ConditionStatus::True, "QuotaExceeded")
    );
    assert_eq!(
        is(&status, ConditionType::Stalled).0,
        ConditionStatus::False
    );
}

#[test]
fn a_terminal_failure_stalls() {
    let reports = Reports {
        gateway: failed(Class::Terminal, Reason::Conflict),
        ..all(&Report::Ready)
    };
    let status = look(&WsChatStatus::default(), 1, &provisioned(reports), 1);
    assert_eq!(
        is(&status, ConditionType::Stalled),
        (ConditionStatus::True, "Conflict")
    );
    assert_eq!(
        is(&status, ConditionType::Reconciling).0,
        ConditionStatus::False
    );
}

#[test]
fn a_bad_edit_leaves_a_working_chat_ready() {
    let ready = look(
        &WsChatStatus::default(),
        1,
        &provisioned(all(&Report::Ready)),
        1,
    );
    let refusal = Refusal {
        reason: Reason::Invalid,
        message: "no".to_owned(),
    };
    let status = look(&ready, 2, &Verdict::Refused(refusal), 2);
    let condition = find(&status.conditions, ConditionType::Ready).unwrap();
    assert_eq!(condition.status, ConditionStatus::True);
    assert_eq!(
        condition.observed_generation,
        Some(1),
        "what serves is generation 1"
    );
    assert_eq!(status.observed_generation, Some(2));
    assert_eq!(
        is(&status, ConditionType::Stalled),
        (ConditionStatus::True, "Invalid")
    );
    assert!(status.url.is_some());
}

#[test]
fn a_changed_spec_is_told_and_ready_keeps_its_generation() {
    let ready = look(
        &WsChatStatus::default(),
        1,
        &provisioned(all(&Report::Ready)),
        1,
    );
    let reports = Reports {
        version: Report::Serving(Box::new(Report::Pending(Pending {
            reason: Reason::Updating,
            ..progress()
        }))),
        ..all(&Report::Ready)
    };
    let status = look(&ready, 2, &provisioned(reports), 2);
    let condition = find(&status.conditions, ConditionType::Ready).unwrap();
    assert_eq!(
        (condition.status, condition.observed_generation),
        (ConditionStatus::True, Some(1))
    );
    assert_eq!(
        is(&status, ConditionType::Reconciling),
        (ConditionStatus::True, "Updating")
    );
}

#[test]
fn a_failing_change_leaves_a_working_chat_ready() {
    let ready = look(
        &WsChatStatus::default(),
        1,
        &provisioned(all(&Report::Ready)),
        1,
    );
    for (class, stalled) in [
        (Class::Transient, ConditionStatus::False),
        (Class::Waiting, ConditionStatus::False),
        (Class::Terminal, ConditionStatus::True),
    ] {
        let lag = Report::Serving(Box::new(failed(class, Reason::Unhealthy)));
        let reports = Reports {
            live: lag,
            ..all(&Report::Ready)
        };
        let status = look(&ready, 2, &provisioned(reports), 2);
        let condition = find(&status.conditions, ConditionType::Ready).unwrap();
        assert_eq!(
            (condition.status, condition.observed_generation),
            (ConditionStatus::True, Some(1))
        );
        assert_eq!(is(&status, ConditionType::Stalled).0, stalled);
        assert_eq!(
            is(&status, ConditionType::FunctionReady),
            (ConditionStatus::True, "Unhealthy")
        );
        assert_eq!(status.url.as_deref(), Some("wss://chat/ws"));
    }
}

#[test]
fn what_is_lost_ends_readiness_and_withdraws_the_url() {
    let ready = look(
        &WsChatStatus::default(),
        1,
        &provisioned(all(&Report::Ready)),
        1,
    );
    let reports = Reports {
        gateway: pending(),
        trigger: Report::Serving(Box::new(Report::Blocked(Resource::Gateway))),
        probe: Report::Blocked(Resource::Gateway),
        ..all(&Report::Ready)
    };
    let status = look(&ready, 1, &provisioned(reports), 2);
    assert_eq!(
        is(&status, ConditionType::Ready),
        (ConditionStatus::False, "Provisioning")
    );
    assert_eq!(status.url, None);
}

#[test]
fn nothing_new_is_no_new_status() {
    let verdict = provisioned(all(&Report::Ready));
    let first = look(&WsChatStatus::default(), 1, &verdict, 1);
    assert_eq!(look(&first, 1, &verdict, 900), first);
}

#[test]
fn a_suspended_chat_stays_as_ready_as_it_was() {
    let status = look(
        &WsChatStatus::default(),
        1,
        &Verdict::Suspended(String::new()),
        1,
    );
    assert_eq!(
        is(&status, ConditionType::Ready),
        (ConditionStatus::False, "Suspended")
    );
    let ready = look(
        &WsChatStatus::default(),
        1,
        &provisioned(all(&Report::Ready)),
        1,
    );
    let status = look(&ready, 2, &Verdict::Suspended(String::new()), 2);
    assert_eq!(is(&status, ConditionType::Ready).0, ConditionStatus::True);
    assert_eq!(
        is(&status, ConditionType::Reconciling),
        (ConditionStatus::False, "Suspended")
    );
}

#[test]
fn events_tell_transitions_once() {
    let nothing = WsChatStatus::default();
    let trouble = provisioned(Reports {
        database: failed(Class::Waiting, Reason::QuotaExceeded),
        ..all(&Report::Blocked(Resource::Database))
    });
    let first = look(&nothing, 1, &trouble, 1);
    let told = notices(&nothing.conditions, &first.conditions);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].warning && told[0].reason == "QuotaExceeded");
    assert!(notices(&first.conditions, &look(&first, 1, &trouble, 2).conditions).is_empty());

    let ready = look(&first, 1, &provisioned(all(&Report::Ready)), 3);
    let told = notices(&first.conditions, &ready.conditions);
    assert!(told.iter().all(|notice| !notice.warning), "{told:?}");
    assert!(told.iter().any(|notice| notice.reason == "Ready"));
}

#[test]
fn a_probe_that_runs_is_no_reason_to_read_everything() {
    let probing = provisioned(Reports {
        probe: pending(),
        ..all(&Report::Ready)
    });
    assert!(probing.is_fine());
    let making = provisioned(Reports {
        trigger: pending(),
        ..all(&Report::Ready)
    });
    assert!(!making.is_fine());
}

#[test]
fn what_the_cloud_does_not_know_puts_all_that_is_remembered_in_doubt() {
    for (reason, expected) in [
        (Reason::NotFound, true),
        (Reason::Invalid, true),
        (Reason::PermissionDenied, false),
        (Reason::CloudUnavailable, false),
    ] {
        let verdict = provisioned(Reports {
            roles: Report::Serving(Box::new(failed(Class::Waiting, reason))),
            ..all(&Report::Ready)
        });
        assert_eq!(verdict.misses(), expected, "{reason:?}");
    }
}
