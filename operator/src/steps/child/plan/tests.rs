//! Findings and what follows from them, on a kind of resource with one setting.

use uuid::Uuid;
use yandex_cloud_rest::model::operation::Operation;

use super::*;
use crate::cloud::{Cloud, CloudError};
use crate::context::Pass;
use crate::inventory::Folder;
use crate::names::labels;
use crate::resource::Resource;

struct Lamps;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Lamp {
    facts: Facts,
    on: bool,
}

impl Child for Lamps {
    const RESOURCE: Resource = Resource::Gateway;
    const ID_FIELD: &'static str = "lampId";

    type Model = Lamp;
    /// Whether it ought to be on.
    type Wish = bool;

    fn facts(model: &Lamp) -> Facts {
        model.facts.clone()
    }

    fn differences(wish: &bool, model: &Lamp) -> Vec<Difference> {
        Difference::between("on", &model.on, wish)
            .into_iter()
            .collect()
    }

    fn listed(_: &Folder, _: &str) -> Result<Option<Lamp>, CloudError> {
        unreachable!()
    }

    async fn get(_: &Cloud, _: &str) -> Result<Lamp, CloudError> {
        unreachable!()
    }

    async fn named(_: &Pass<'_>, _: &str) -> Result<Vec<Lamp>, CloudError> {
        unreachable!()
    }

    async fn create(_: &Cloud, _: &bool, _: Uuid) -> Result<Operation, CloudError> {
        unreachable!()
    }

    async fn update(
        _: &Cloud,
        _: &bool,
        _: &Lamp,
        _: &[Difference],
        _: Uuid,
    ) -> Result<Operation, CloudError> {
        unreachable!()
    }

    async fn label(_: &Cloud, _: &Lamp, _: Labels, _: Uuid) -> Result<Operation, CloudError> {
        unreachable!()
    }

    async fn delete(_: &Cloud, _: &str, _: Uuid) -> Result<Operation, CloudError> {
        unreachable!()
    }
}

fn lamp(id: &str, created_at: &str, labels: Labels) -> Lamp {
    let facts = Facts {
        id: id.to_owned(),
        labels,
        created_at: created_at.to_owned(),
        state: State::Serving,
        endpoint: None,
    };
    Lamp { facts, on: true }
}

fn sorted(candidates: Vec<Lamp>, known: Option<&str>) -> Found<Lamp> {
    sort_out::<Lamps>(candidates, &labels("here", "team", "lobby"), known)
}

fn planned(found: Found<Lamp>, on: bool) -> Plan<Lamp> {
    plan::<Lamps>(found, &on, "name")
}

#[test]
fn a_namesake_with_our_labels_is_ours_and_any_other_is_not() {
    let ours = labels("here", "team", "lobby");
    let theirs = labels("there", "team", "lobby");
    assert_eq!(sorted(vec![], None), Found::Nothing);
    let found = sorted(vec![lamp("a", "1", theirs.clone())], None);
    assert_eq!(found, Found::Foreign("a".to_owned()));
    let both = vec![lamp("a", "1", theirs), lamp("b", "2", ours)];
    assert!(matches!(sorted(both, None), Found::Ours(lamp) if lamp.facts.id == "b"));
}

#[test]
fn what_lost_its_labels_is_known_by_its_id_and_what_has_others_is_not() {
    let bare = lamp("a", "1", Labels::new());
    let found = sorted(vec![bare.clone()], None);
    assert_eq!(found, Found::Foreign("a".to_owned()));
    assert_eq!(sorted(vec![bare.clone()], Some("a")), Found::Ours(bare));
    let taken = lamp("a", "1", labels("there", "team", "lobby"));
    assert_eq!(
        sorted(vec![taken], Some("a")),
        Found::Foreign("a".to_owned())
    );
}

#[test]
fn what_was_given_to_us_is_ours_and_what_was_given_to_others_is_not() {
    let given = |to: &str| {
        let labels = [("wschat-adopt".to_owned(), to.to_owned())];
        lamp("a", "1", Labels::from(labels))
    };
    assert_eq!(
        sorted(vec![given("here")], None),
        Found::Ours(given("here"))
    );
    let foreign = Found::Foreign("a".to_owned());
    assert_eq!(sorted(vec![given("there")], None), foreign);
}

#[test]
fn of_two_that_are_ours_the_older_is_kept() {
    let ours = labels("here", "team", "lobby");
    let found = sorted(
        vec![
            lamp("young", "2026-01-02T00:00:00Z", ours.clone()),
            lamp("old", "2026-01-01T00:00:00Z", ours),
        ],
        None,
    );
    assert!(
        matches!(found, Found::Twice(kept, other) if kept.facts.id == "old" && other == "young")
    );
}

#[test]
fn one_that_a_list_shows_twice_is_one() {
    let it = lamp("a", "1", labels("here", "team", "lobby"));
    let found = sorted(vec![it.clone(), it.clone()], None);
    assert_eq!(found, Found::Ours(it));
}

#[test]
fn what_is_found_decides_what_is_done() {
    let it = |state: State| {
        let mut it = lamp("a", "1", labels("here", "team", "lobby"));
        it.facts.state = state;
        Found::Ours(it)
    };
    assert!(matches!(planned(Found::Nothing, true), Plan::Create));
    assert!(matches!(planned(it(State::Serving), true), Plan::Keep(_)));
    let differs = planned(it(State::Serving), false);
    assert!(matches!(differs, Plan::Update(_, all) if all[0].to_string() == "on: true -> false"));
    for state in [State::Busy, State::Leaving] {
        assert!(matches!(planned(it(state), false), Plan::Wait(..)));
    }
    // It isn't made a second time.
    assert!(matches!(planned(Found::Late, true), Plan::Wait(..)));
}

#[test]
fn only_a_person_helps_with_what_is_broken_lost_or_not_ours() {
    let mut broken = lamp("a", "1", Labels::new());
    broken.facts.state = State::Broken("ERROR".to_owned());
    let twice = Found::Twice(lamp("a", "1", Labels::new()), "b".to_owned());
    for (found, words) in [
        (Found::Ours(broken), "is in state ERROR"),
        (Found::Lost("a".to_owned()), "is gone from the cloud"),
        (Found::Foreign("a".to_owned()), "that isn't this chat's"),
        (twice, "delete b"),
    ] {
        let Plan::Refuse(error) = planned(found, true) else {
            panic!("{words}: not refused");
        };
        assert!(error.to_string().contains(words), "{error}");
    }
}
