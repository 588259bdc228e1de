use std::collections::HashMap;

use super::*;
use crate::inventory::Index;

const RESYNC: Duration = Duration::from_mins(10);

fn lists(taken: Instant) -> Arc<Folder> {
    Arc::new(Folder {
        taken,
        accounts: Ok(HashMap::new()),
        databases: Ok(HashMap::new()),
        functions: Ok(HashMap::new()),
        gateways: Ok(HashMap::new()),
        triggers: Ok(HashMap::new()),
        bindings: Arc::new(Index::of_roles(Ok(Vec::new()), taken)),
    })
}

#[test]
fn lists_are_looked_at_once_and_every_part_has_its_turn() {
    let (surveys, mut now) = (Surveys::default(), Instant::now());
    let mut read = Vec::new();
    for _ in 0..=TURNS.len() {
        let folder = lists(now);
        let survey = surveys.begin("uid", &folder);
        let Survey::Lists(_, turn) = survey else {
            panic!("{survey:?}")
        };
        read.push(turn);
        surveys.end("uid", &survey, Vec::new(), now);
        let again = surveys.begin("uid", &folder);
        assert!(matches!(again, Survey::Memory), "{again:?}");
        now += Duration::from_secs(1);
    }
    assert_eq!(read.first(), Some(&None), "after a restart");
    for part in TURNS {
        assert!(read.contains(&Some(part)), "{part:?} isn't in {read:?}");
    }
}

/// What the next look reads of a chat that isn't settled.
fn examined(surveys: &Surveys, now: Instant) -> Option<Vec<Resource>> {
    let survey = surveys.examine("uid", RESYNC, now)?;
    let read = Resource::ALL.into_iter().filter(|one| survey.reads(*one));
    Some(read.collect())
}

#[test]
fn what_is_not_right_is_read_until_it_is_and_then_everything_once_more() {
    let (surveys, now) = (Surveys::default(), Instant::now());
    let folder = lists(now);
    let first = surveys.begin("uid", &folder);
    assert_eq!(examined(&surveys, now), None);
    surveys.end("uid", &first, vec![Resource::Gateway], now);
    assert_eq!(examined(&surveys, now), Some(Resource::ALL.to_vec()));
    let gateway = vec![Resource::Gateway];
    surveys.end("uid", &Survey::Everything(now), gateway.clone(), now);
    for unready in [gateway.clone(), Vec::new()] {
        assert_eq!(examined(&surveys, now), Some(gateway.clone()));
        let parts = Survey::Parts(now, gateway.clone());
        surveys.end("uid", &parts, unready, now);
    }
    assert_eq!(examined(&surveys, now), Some(Resource::ALL.to_vec()));
    surveys.end("uid", &Survey::Everything(now), Vec::new(), now);
    assert_eq!(examined(&surveys, now), None);
    let calm = surveys.begin("uid", &folder);
    assert!(matches!(calm, Survey::Memory), "{calm:?}");
}

#[test]
fn of_what_stays_wrong_everything_is_read_once_a_resync() {
    let (surveys, mut now) = (Surveys::default(), Instant::now());
    let mut whole = 0;
    surveys.doubt("uid", now);
    // A day of looks, half a minute apart.
    for _ in 0..2 * 60 * 24 {
        let survey = surveys.examine("uid", RESYNC, now).unwrap();
        whole += u32::from(survey.reads(Resource::Topic));
        surveys.end("uid", &survey, vec![Resource::Live], now);
        now += Duration::from_secs(30);
    }
    assert_eq!(whole, 6 * 24);
}

#[test]
fn doubts_have_everything_read_but_not_each_time() {
    let (surveys, mut now) = (Surveys::default(), Instant::now());
    surveys.doubt("uid", now);
    surveys.end("uid", &Survey::Memory, Vec::new(), now);
    assert_eq!(
        examined(&surveys, now),
        Some(Resource::ALL.to_vec()),
        "the look doubts"
    );
    surveys.end("uid", &Survey::Everything(now), vec![Resource::Topic], now);
    surveys.doubt("uid", now);
    assert_eq!(examined(&surveys, now), Some(vec![Resource::Topic]));
    now += STANDS;
    surveys.doubt("uid", now);
    assert_eq!(examined(&surveys, now), Some(Resource::ALL.to_vec()));
    surveys.end("uid", &Survey::Everything(now), Vec::new(), now);
    assert!(!surveys.is_unsettled("uid"));
}

#[test]
fn lists_are_no_older_than_the_last_look_that_found_something() {
    let (surveys, first) = (Surveys::default(), Instant::now());
    assert_eq!(Survey::Memory.doubted(), None);
    surveys.doubt("uid", first);
    let mut now = first;
    let parts = Survey::Parts(first, vec![Resource::Roles]);
    for survey in [Survey::Memory, Survey::Everything(first), parts] {
        now += Duration::from_secs(1);
        surveys.end("uid", &survey, vec![Resource::Roles], now);
        let next = surveys.examine("uid", RESYNC, now);
        let doubted = next.and_then(|next| next.doubted());
        assert_eq!(doubted, Some(now), "{survey:?}");
    }
}

#[test]
fn what_runs_is_under_way_and_what_was_never_seen_is_not_settled() {
    let mut resources = Resources::default();
    assert!(!is_settled(&resources) && !is_changing(&resources));
    resources.gateway.operation = Some("op".to_owned());
    assert!(!is_settled(&resources) && is_changing(&resources));
}

#[test]
fn lists_that_failed_are_asked_for_once_more() {
    let (surveys, now) = (Surveys::default(), Instant::now());
    let mut folder = Arc::into_inner(lists(now)).unwrap();
    folder.triggers = Err(crate::cloud::CloudError::of_a_test());
    let survey = surveys.begin("uid", &Arc::new(folder));
    surveys.end("uid", &survey, vec![Resource::Trigger], now);
    assert!(!surveys.is_unsettled("uid"));
    let again = surveys.begin("uid", &lists(now));
    assert!(matches!(again, Survey::Lists(..)), "{again:?}");
}

#[test]
fn what_was_just_made_is_not_looked_for_in_older_lists() {
    let (surveys, now) = (Surveys::default(), Instant::now());
    surveys.end("uid", &Survey::Memory, vec![Resource::Topic], now);
    let old = lists(now);
    assert!(matches!(surveys.begin("uid", &old), Survey::Memory));
    let new = lists(now + Duration::from_secs(1));
    assert!(matches!(surveys.begin("uid", &new), Survey::Lists(..)));
}

#[test]
fn a_version_is_read_with_its_tag() {
    let survey = Survey::Lists(lists(Instant::now()), Some(Resource::Version));
    assert!(survey.reads(Resource::Live) && survey.reads(Resource::Version));
    assert!(!survey.reads(Resource::Gateway));
    assert!(!Survey::Memory.reads(Resource::Live));
    let survey = Survey::Parts(Instant::now(), vec![Resource::Live]);
    assert!(survey.reads(Resource::Version) && !survey.reads(Resource::Schema));
}
