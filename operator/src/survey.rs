//! How closely a look examines what was seen to work before: that is believed
//! most of the time, compared with the folder's lists once per resync, and what
//! lists leave out is read for one part of the chat in turn. The first time after
//! a restart nothing is read beside the lists: with thousands of chats the cloud
//! couldn't be asked as fast as they can be looked at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use wschat_crds::{ResourceStatus, Resources};

use crate::inventory::Folder;
use crate::resource::Resource;

/// What lists leave out, in the order in which it is read. With a resync of ten
/// minutes, each has its turn within the hour, also within that after a restart.
const TURNS: [Resource; 5] = [
    Resource::Gateway,
    Resource::Invokers,
    Resource::Topic,
    Resource::Schema,
    Resource::Version,
];

/// How closely one look examines a chat.
#[derive(Clone, Debug)]
pub(crate) enum Survey {
    /// What the status remembers is believed.
    Memory,
    /// It is compared with lists, and one part that they leave out may be read.
    Lists(Arc<Folder>, Option<Resource>),
    /// Everything is read: something isn't right, or in doubt, since then.
    Everything(Instant),
}

impl Survey {
    /// The lists to compare with, if this look does so.
    pub(crate) fn lists(&self) -> Option<&Folder> {
        match self {
            Self::Lists(folder, _) => Some(folder),
            Self::Memory | Self::Everything(_) => None,
        }
    }

    /// Since when lists have to be taken that this look believes; nothing if those
    /// do which are good until the next resync.
    pub(crate) fn doubted(&self) -> Option<Instant> {
        match self {
            Self::Everything(since) => Some(*since),
            Self::Memory | Self::Lists(..) => None,
        }
    }

    /// Whether this look reads the part itself, whatever lists say.
    pub(crate) fn reads(&self, resource: Resource) -> bool {
        // A version and the tag on it are read together.
        let resource = match resource {
            Resource::Live => Resource::Version,
            other => other,
        };
        match self {
            Self::Memory => false,
            Self::Lists(_, turn) => *turn == Some(resource),
            Self::Everything(_) => true,
        }
    }
}

/// How far one chat's surveys are.
#[derive(Debug)]
struct Progress {
    /// Whose turn it is; nobody's before lists were compared.
    turn: Option<usize>,
    /// Since when nothing but lists taken later can tell anything new.
    seen: Option<Instant>,
    /// Since when there is something that isn't right, or in doubt: when that was
    /// seen last.
    unsettled: Option<Instant>,
}

/// How far all chats' surveys are, by UID.
#[derive(Debug, Default)]
pub(crate) struct Surveys(Mutex<HashMap<String, Progress>>);

impl Surveys {
    /// When something was seen last that isn't right, or in doubt.
    pub(crate) fn unsettled(&self, uid: &str) -> Option<Instant> {
        self.with(uid, |progress| progress.unsettled)
    }

    /// How closely the next look examines a chat that was settled; lists are
    /// compared once.
    pub(crate) fn begin(&self, uid: &str, lists: &Arc<Folder>) -> Survey {
        self.with(uid, |progress| {
            if progress.seen.is_some_and(|seen| seen >= lists.taken) {
                Survey::Memory
            } else {
                let turn = progress.turn.map(|turn| TURNS[turn % TURNS.len()]);
                Survey::Lists(Arc::clone(lists), turn)
            }
        })
    }

    /// What is remembered of the chat may be wrong: the next look reads everything.
    pub(crate) fn doubt(&self, uid: &str, now: Instant) {
        self.with(uid, |progress| progress.unsettled = Some(now));
    }

    /// Notes what came of a look: whether everything was as wished.
    pub(crate) fn end(&self, uid: &str, survey: &Survey, fine: bool, now: Instant) {
        self.with(uid, |progress| match survey {
            // Whatever isn't remembered is read anyway.
            Survey::Memory if fine => {}
            Survey::Memory => {
                progress.seen = Some(now);
                progress.unsettled = progress.unsettled.map(|_| now);
            }
            // They are asked for once more.
            Survey::Lists(folder, _) if !fine && !folder.is_whole() => {}
            Survey::Lists(folder, _) => {
                progress.seen = Some(folder.taken);
                // Not all chats read the same.
                let first = || rand::random_range(0..TURNS.len());
                let next = progress.turn.map(|turn| turn.wrapping_add(1));
                progress.turn = next.or_else(|| Some(first()));
                progress.unsettled = (!fine).then_some(now);
            }
            Survey::Everything(_) => {
                progress.seen = Some(now);
                progress.unsettled = (!fine).then_some(now);
            }
        });
    }

    /// How many chats there are.
    pub(crate) fn chats(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Forgets a chat that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(uid);
    }

    fn with<T>(&self, uid: &str, work: impl FnOnce(&mut Progress) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let progress = all.entry(uid.to_owned()).or_insert_with(|| Progress {
            turn: None,
            seen: None,
            unsettled: None,
        });
        work(progress)
    }
}

/// Whether everything was seen to work and nothing is under way (pure).
pub(crate) fn is_settled(resources: &Resources) -> bool {
    let mut all = all(resources).into_iter();
    all.all(|saved| saved.hash.is_some() && saved.operation.is_none())
}

/// Whether an operation is under way (pure).
pub(crate) fn is_changing(resources: &Resources) -> bool {
    let mut all = all(resources).into_iter();
    all.any(|saved| saved.operation.is_some())
}

fn all(resources: &Resources) -> [&ResourceStatus; 11] {
    let Resources {
        service_account,
        roles,
        database,
        schema,
        topic,
        function,
        invokers,
        version,
        live,
        gateway,
        trigger,
    } = resources;
    [
        service_account,
        roles,
        database,
        schema,
        topic,
        function,
        invokers,
        version,
        live,
        gateway,
        trigger,
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use super::*;
    use crate::inventory::Index;

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
            surveys.end("uid", &survey, true, now);
            let again = surveys.begin("uid", &folder);
            assert!(matches!(again, Survey::Memory), "{again:?}");
            now += Duration::from_secs(1);
        }
        assert_eq!(read.first(), Some(&None), "after a restart");
        for part in TURNS {
            assert!(read.contains(&Some(part)), "{part:?} isn't in {read:?}");
        }
    }

    #[test]
    fn what_is_not_right_is_read_until_it_is() {
        let (surveys, now) = (Surveys::default(), Instant::now());
        let folder = lists(now);
        let first = surveys.begin("uid", &folder);
        assert_eq!(surveys.unsettled("uid"), None);
        surveys.end("uid", &first, false, now);
        for fine in [false, true] {
            assert_eq!(surveys.unsettled("uid"), Some(now));
            surveys.end("uid", &Survey::Everything(now), fine, now);
        }
        assert_eq!(surveys.unsettled("uid"), None);
        let calm = surveys.begin("uid", &folder);
        assert!(matches!(calm, Survey::Memory), "{calm:?}");
    }

    #[test]
    fn what_is_in_doubt_is_read_once() {
        let (surveys, now) = (Surveys::default(), Instant::now());
        surveys.doubt("uid", now);
        surveys.end("uid", &Survey::Memory, true, now);
        assert_eq!(surveys.unsettled("uid"), Some(now), "the look doubts");
        surveys.end("uid", &Survey::Everything(now), true, now);
        assert_eq!(surveys.unsettled("uid"), None);
    }

    #[test]
    fn lists_are_no_older_than_the_last_look_that_found_something() {
        let (surveys, first) = (Surveys::default(), Instant::now());
        assert_eq!(Survey::Memory.doubted(), None);
        surveys.doubt("uid", first);
        let mut now = first;
        for survey in [Survey::Memory, Survey::Everything(first)] {
            now += Duration::from_secs(1);
            surveys.end("uid", &survey, false, now);
            assert_eq!(surveys.unsettled("uid"), Some(now), "{survey:?}");
        }
        assert_eq!(Survey::Everything(now).doubted(), Some(now));
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
        surveys.end("uid", &survey, false, now);
        assert_eq!(surveys.unsettled("uid"), None);
        let again = surveys.begin("uid", &lists(now));
        assert!(matches!(again, Survey::Lists(..)), "{again:?}");
    }

    #[test]
    fn what_was_just_made_is_not_looked_for_in_older_lists() {
        let (surveys, now) = (Surveys::default(), Instant::now());
        surveys.end("uid", &Survey::Memory, false, now);
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
    }
}
