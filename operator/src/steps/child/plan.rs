//! From what was found in the cloud to what to do about it (pure).

use std::time::Duration;

use yandex_cloud_rest::model::Labels;

use super::BUSY;
use super::kind::{Child, Facts, State};
use crate::age;
use crate::change::Difference;
use crate::error::StepError;
use crate::names::{LABEL_INSTALLATION, may_adopt, owns};
use crate::steps::sight::LOOK_AGAIN;

/// What a look into the cloud found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<M> {
    Nothing,
    /// What was seen to work is there no more.
    Lost(String),
    /// What was just made doesn't show yet.
    Late,
    Ours(M),
    /// Two are ours: the older one, and the id of the other.
    Twice(M, String),
    /// The id of a namesake that isn't ours.
    Foreign(String),
}

/// Makes sense of candidates (pure). What the status knows by its id is ours
/// even if somebody took its labels off, but not if it has others'. So is what
/// was given to us and is nobody else's.
pub(super) fn sort_out<C: Child>(
    candidates: Vec<C::Model>,
    labels: &Labels,
    known: Option<&str>,
) -> Found<C::Model> {
    let is_ours = |model: &C::Model| {
        let facts = C::facts(model);
        let unlabelled = !facts.labels.contains_key(LABEL_INSTALLATION);
        owns(labels, &facts.labels)
            || (unlabelled && known == Some(&facts.id))
            || may_adopt(labels, &facts.labels)
    };
    let (mut ours, foreign): (Vec<_>, Vec<_>) = candidates.into_iter().partition(is_ours);
    ours.sort_by(|one, other| {
        let (one, other) = (C::facts(one), C::facts(other));
        age::key(&one.created_at, &one.id).cmp(&age::key(&other.created_at, &other.id))
    });
    // A list may show the same one twice, on one page and the next.
    ours.dedup_by_key(|one| C::facts(one).id);
    let mut ours = ours.into_iter();
    match (ours.next(), ours.next(), foreign.into_iter().next()) {
        (Some(older), Some(younger), _) => Found::Twice(older, C::facts(&younger).id),
        (Some(only), None, _) => Found::Ours(only),
        (None, _, Some(namesake)) => Found::Foreign(C::facts(&namesake).id),
        (None, _, None) => Found::Nothing,
    }
}

/// What to do about what was found.
#[derive(Debug)]
pub(super) enum Plan<M> {
    Create,
    Update(M, Vec<Difference>),
    Keep(Facts),
    /// The cloud is at work on it.
    Wait(&'static str, Duration),
    /// Only a person can help.
    Refuse(StepError),
}

/// What to do about what was found (pure).
pub(super) fn plan<C: Child>(found: Found<C::Model>, wish: &C::Wish, name: &str) -> Plan<C::Model> {
    let resource = C::RESOURCE;
    let model = match found {
        Found::Nothing => return Plan::Create,
        Found::Late => return Plan::Wait("made, and doesn't show yet,", LOOK_AGAIN),
        Found::Lost(id) => return Plan::Refuse(StepError::Lost { resource, id }),
        Found::Foreign(id) => {
            let name = name.to_owned();
            return Plan::Refuse(StepError::Conflict { resource, name, id });
        }
        Found::Twice(older, other) => {
            let kept = C::facts(&older).id;
            return Plan::Refuse(StepError::Duplicate {
                resource,
                kept,
                other,
            });
        }
        Found::Ours(model) => model,
    };
    let facts = C::facts(&model);
    match facts.state {
        State::Busy => Plan::Wait("is busy with", BUSY),
        State::Leaving => Plan::Wait("still removes an earlier", BUSY),
        State::Broken(state) => Plan::Refuse(StepError::Broken {
            resource,
            id: facts.id,
            state,
        }),
        State::Serving => match C::differences(wish, &model) {
            none if none.is_empty() => Plan::Keep(facts),
            differences => Plan::Update(model, differences),
        },
    }
}

#[cfg(test)]
mod tests;
