//! How closely a look examines what was seen to work before: that is believed
//! most of the time, compared with the folder's lists once per resync, and what
//! lists leave out is read for one part of the chat in turn.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use wschat_crds::Resources;

use crate::inventory::Folder;
use crate::resource::Resource;

/// What lists leave out, in the order in which it is read. With a resync of ten
/// minutes, each has its turn within the hour.
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
    /// It is compared with lists, and one part that they leave out is read.
    Lists(Arc<Folder>, Resource),
    /// Everything is read: something was found that isn't right yet.
    Everything,
}

impl Survey {
    /// The lists to compare with, if this look does so.
    pub(crate) fn lists(&self) -> Option<&Folder> {
        match self {
            Self::Lists(folder, _) => Some(folder),
            Self::Memory | Self::Everything => None,
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
            Self::Lists(_, turn) => *turn == resource,
            Self::Everything => true,
        }
    }
}

/// How far one chat's surveys are.
#[derive(Debug)]
struct Progress {
    turn: usize,
    /// Since when nothing but lists taken later can tell anything new.
    seen: Option<Instant>,
    /// Whether the last survey found what isn't right yet.
    unsettled: bool,
}

/// How far all chats' surveys are, by UID.
#[derive(Debug, Default)]
pub(crate) struct Surveys(Mutex<HashMap<String, Progress>>);

impl Surveys {
    /// Whether the last survey found what isn't right yet.
    pub(crate) fn is_unsettled(&self, uid: &str) -> bool {
        self.with(uid, |progress| progress.unsettled)
    }

    /// How closely the next look examines a chat that was settled; lists are
    /// compared once.
    pub(crate) fn begin(&self, uid: &str, lists: &Arc<Folder>) -> Survey {
        self.with(uid, |progress| {
            if progress.seen.is_some_and(|seen| seen >= lists.taken) {
                Survey::Memory
            } else {
                let turn = TURNS[progress.turn % TURNS.len()];
                Survey::Lists(Arc::clone(lists), turn)
            }
        })
    }

    /// What is remembered of the chat may be wrong: the next look reads everything.
    pub(crate) fn doubt(&self, uid: &str) {
        self.with(uid, |progress| progress.unsettled = true);
    }

    /// Notes what came of a look: whether everything was as wished.
    pub(crate) fn end(&self, uid: &str, survey: &Survey, fine: bool, now: Instant) {
        self.with(uid, |progress| match survey {
            // Whatever isn't remembered is read anyway.
            Survey::Memory if fine => {}
            Survey::Memory => progress.seen = Some(now),
            // They are asked for once more.
            Survey::Lists(folder, _) if !fine && !folder.is_whole() => {}
            Survey::Lists(folder, _) => {
                progress.seen = Some(folder.taken);
                progress.turn = progress.turn.wrapping_add(1);
                progress.unsettled = !fine;
            }
            Survey::Everything => {
                progress.seen = Some(now);
                progress.unsettled = !fine;
            }
        });
    }

    /// Forgets a chat that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(uid);
    }

    fn with<T>(&self, uid: &str, work: impl FnOnce(&mut Progress) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let progress = all.entry(uid.to_owned()).or_insert_with(|| Progress {
            // Not all chats read the same after a restart.
            turn: rand::random_range(0..TURNS.len()),
            seen: None,
            unsettled: false,
        });
        work(progress)
    }
}

/// Whether everything was seen to work and nothing is under way (pure).
pub(crate) fn is_settled(resources: &Resources) -> bool {
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
    .into_iter()
    .all(|saved| saved.hash.is_some() && saved.operation.is_none())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use super::*;

    fn lists(taken: Instant) -> Arc<Folder> {
        Arc::new(Folder {
            taken,
            accounts: Ok(HashMap::new()),
            databases: Ok(HashMap::new()),
            functions: Ok(HashMap::new()),
            gateways: Ok(HashMap::new()),
            triggers: Ok(HashMap::new()),
            bindings: Ok(Vec::new()),
        })
    }

    #[test]
    fn lists_are_looked_at_once_and_every_part_has_its_turn() {
        let (surveys, mut now) = (Surveys::default(), Instant::now());
        let mut read = Vec::new();
        for _ in TURNS {
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
        for part in TURNS {
            assert!(read.contains(&part), "{part:?} is missing in {read:?}");
        }
    }

    #[test]
    fn what_is_not_right_is_read_until_it_is() {
        let (surveys, now) = (Surveys::default(), Instant::now());
        let folder = lists(now);
        let first = surveys.begin("uid", &folder);
        assert!(!surveys.is_unsettled("uid"));
        surveys.end("uid", &first, false, now);
        for fine in [false, true] {
            assert!(surveys.is_unsettled("uid"));
            surveys.end("uid", &Survey::Everything, fine, now);
        }
        assert!(!surveys.is_unsettled("uid"));
        let calm = surveys.begin("uid", &folder);
        assert!(matches!(calm, Survey::Memory), "{calm:?}");
    }

    #[test]
    fn what_is_in_doubt_is_read_once() {
        let (surveys, now) = (Surveys::default(), Instant::now());
        surveys.doubt("uid");
        surveys.end("uid", &Survey::Memory, true, now);
        assert!(surveys.is_unsettled("uid"), "of the look that doubts");
        surveys.end("uid", &Survey::Everything, true, now);
        assert!(!surveys.is_unsettled("uid"));
    }

    #[test]
    fn lists_that_failed_are_asked_for_once_more() {
        let (surveys, now) = (Surveys::default(), Instant::now());
        let mut folder = Arc::into_inner(lists(now)).unwrap();
        folder.triggers = Err(crate::cloud::CloudError::of_a_test());
        let survey = surveys.begin("uid", &Arc::new(folder));
        surveys.end("uid", &survey, false, now);
        assert!(!surveys.is_unsettled("uid"));
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
        let survey = Survey::Lists(lists(Instant::now()), Resource::Version);
        assert!(survey.reads(Resource::Live) && survey.reads(Resource::Version));
        assert!(!survey.reads(Resource::Gateway));
        assert!(!Survey::Memory.reads(Resource::Live));
    }
}
