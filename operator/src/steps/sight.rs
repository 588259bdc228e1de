//! What the cloud said it made or changed, and doesn't show as wished yet: reads
//! may lag behind operations, and the cloud may keep a value in another form.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use wschat_crds::ResourceStatus;
use wschat_crds::condition::Time;

use crate::change::Change;
use crate::context::Pass;
use crate::error::StepError;

/// How long the cloud may take by default to show what it made or changed.
pub(crate) const SHOWING_UP: Duration = Duration::from_mins(1);

/// How soon to look again at what shows late.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How long one goes on looking for what is most likely gone.
pub(crate) const LOOK_TWICE: Duration = Duration::from_secs(3);

/// After how long a change is asked for again that the cloud carried out and
/// that is never to be seen.
const ASK_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// The cloud said just now that it made or changed it.
pub(crate) fn unseen(saved: &mut ResourceStatus, now: Timestamp) {
    saved.unseen_since = Some(Time::from_seconds(now));
}

/// A look saw it as wished.
pub(crate) fn seen(saved: &mut ResourceStatus) {
    saved.unseen_since = None;
    saved.changed = None;
}

/// Whether the cloud may be about to show what it said it made (pure).
pub(crate) fn may_show_late(saved: &ResourceStatus, now: Timestamp, patience: Duration) -> bool {
    age(saved, now).is_some_and(|age| age.unsigned_abs() < patience)
}

/// Whether what was just made isn't among those that are shown. One that is
/// shown was seen.
pub(crate) fn shows_late<'a>(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    mut ids: impl Iterator<Item = &'a String>,
) -> bool {
    if ids.any(|id| saved.id.as_ref() == Some(id)) {
        seen(saved);
    }
    let patience = pass.context.settings.showing_up;
    may_show_late(saved, Timestamp::now(), patience)
}

/// How long the cloud hasn't shown it as wished, if it ought to.
fn age(saved: &ResourceStatus, now: Timestamp) -> Option<SignedDuration> {
    let Time(since) = saved.unseen_since?;
    Some(now.duration_since(since))
}

/// What to do about a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heed {
    /// Ask for it.
    Ask,
    /// It was made, and may show late.
    Wait,
    /// It was made, and isn't to be seen: asking again would change nothing.
    Unheeded,
}

/// Whether to ask for a change, by the hash of what would be asked (pure).
fn heed(saved: &ResourceStatus, hash: &str, now: Timestamp, patience: Duration) -> Heed {
    match age(saved, now) {
        Some(_) if saved.changed.as_deref() != Some(hash) => Heed::Ask,
        Some(age) if age.unsigned_abs() < patience => Heed::Wait,
        Some(age) if age < ASK_AGAIN => Heed::Unheeded,
        Some(_) | None => Heed::Ask,
    }
}

/// Whether to ask for a change now, by the hash of what would be asked;
/// otherwise one waits until it shows. Notes that it is asked for.
///
/// # Errors
/// When the same was carried out before and isn't to be seen.
pub(crate) fn ask_once(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    hash: &str,
    change: &Change,
) -> Result<bool, StepError> {
    let patience = pass.context.settings.showing_up;
    match heed(saved, hash, Timestamp::now(), patience) {
        Heed::Ask => {
            saved.changed = Some(hash.to_owned());
            Ok(true)
        }
        Heed::Wait => Ok(false),
        Heed::Unheeded => Err(StepError::Unheeded {
            resource: change.resource,
            fields: change.details(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(hash: &str) -> ResourceStatus {
        let mut saved = ResourceStatus {
            changed: Some(hash.to_owned()),
            ..ResourceStatus::default()
        };
        unseen(&mut saved, at(0));
        saved
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    #[test]
    fn what_was_just_made_may_show_late_and_what_was_seen_may_not() {
        let mut saved = changed("a");
        assert!(may_show_late(&saved, at(59), SHOWING_UP));
        assert!(!may_show_late(&saved, at(60), SHOWING_UP));
        // Another replica's clock may be behind, but not for ever.
        assert!(may_show_late(&saved, at(-59), SHOWING_UP));
        assert!(!may_show_late(&saved, at(-60), SHOWING_UP));
        seen(&mut saved);
        assert!(!may_show_late(&saved, at(1), SHOWING_UP));
        assert!(saved.is_empty());
    }

    #[test]
    fn a_change_that_shows_nowhere_is_asked_for_once_a_day() {
        let saved = changed("a");
        let hours = |hours: i64| at(hours * 3600);
        for (hash, now, expected) in [
            ("a", at(1), Heed::Wait),
            ("a", at(60), Heed::Unheeded),
            ("a", hours(23), Heed::Unheeded),
            ("a", hours(24), Heed::Ask),
            ("b", at(1), Heed::Ask),
        ] {
            assert_eq!(
                heed(&saved, hash, now, SHOWING_UP),
                expected,
                "{hash} {now}"
            );
        }
        // Its end wasn't seen: the same key leads to the same operation.
        let begun = ResourceStatus {
            unseen_since: None,
            ..changed("a")
        };
        assert_eq!(heed(&begun, "a", at(1), SHOWING_UP), Heed::Ask);
    }
}
