//! How closely a look examines what was seen to work before: that is believed
//! most of the time, compared with the folder's lists once per resync, and what
//! lists leave out is read for one part of the chat in turn. The first time after
//! a restart nothing is read beside the lists: with thousands of chats the cloud
//! couldn't be asked as fast as they can be looked at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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
    /// These aren't right since then, and are read; the rest was read not long ago,
    /// and is believed.
    Parts(Instant, Vec<Resource>),
}

impl Survey {
    /// The lists to compare with, if this look does so.
    pub(crate) fn lists(&self) -> Option<&Folder> {
        match self {
            Self::Lists(folder, _) => Some(folder),
            Self::Memory | Self::Everything(_) | Self::Parts(..) => None,
        }
    }

    /// Since when lists have to be taken that this look believes; nothing if those
    /// do which are good until the next resync.
    pub(crate) fn doubted(&self) -> Option<Instant> {
        match self {
            Self::Everything(since) | Self::Parts(since, _) => Some(*since),
            Self::Memory | Self::Lists(..) => None,
        }
    }

    /// Whether this look reads the part itself, whatever lists say.
    pub(crate) fn reads(&self, resource: Resource) -> bool {
        let resource = read_as(resource);
        match self {
            Self::Memory => false,
            Self::Lists(_, turn) => *turn == Some(resource),
            Self::Everything(_) => true,
            Self::Parts(_, parts) => parts.iter().any(|part| read_as(*part) == resource),
        }
    }
}

/// A version and the tag on it are read together.
fn read_as(resource: Resource) -> Resource {
    match resource {
        Resource::Live => Resource::Version,
        other => other,
    }
}

/// How far one chat's surveys are.
#[derive(Debug)]
struct Progress {
    /// Whose turn it is; nobody's before lists were compared.
    turn: Option<usize>,
    /// Since when nothing but lists taken later can tell anything new.
    seen: Option<Instant>,
    /// There is something that isn't right, or in doubt.
    unsettled: Option<Unsettled>,
    /// When everything was read last.
    whole: Option<Instant>,
}

/// What isn't right with a chat, or in doubt.
#[derive(Debug)]
struct Unsettled {
    /// When that was seen last.
    since: Instant,
    /// What isn't right; nothing when that isn't known.
    parts: Option<Vec<Resource>>,
}

/// How long a whole reading stands, whatever comes into doubt: what has been wrong
/// for hours isn't looked for everywhere each time that it is tried. (YDB allows a
/// thousand looks at a schema in a day.)
const STANDS: Duration = Duration::from_mins(2);

/// How far all chats' surveys are, by UID.
#[derive(Debug, Default)]
pub(crate) struct Surveys(Mutex<HashMap<String, Progress>>);

impl Surveys {
    /// Whether something isn't right, or in doubt.
    pub(crate) fn is_unsettled(&self, uid: &str) -> bool {
        self.with(uid, |progress| progress.unsettled.is_some())
    }

    /// How closely the next look examines a chat with which something isn't right, or
    /// in doubt: whole, at least once a resync; and that part otherwise.
    pub(crate) fn examine(&self, uid: &str, resync: Duration, now: Instant) -> Option<Survey> {
        self.with(uid, |progress| {
            let Unsettled { since, parts } = progress.unsettled.as_ref()?;
            let stands = progress.was_read_within(resync, now);
            Some(match parts {
                Some(parts) if stands => Survey::Parts(*since, parts.clone()),
                Some(_) | None => Survey::Everything(*since),
            })
        })
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

    /// What is remembered of the chat may be wrong: the next look reads everything,
    /// unless that has just been done.
    pub(crate) fn doubt(&self, uid: &str, now: Instant) {
        self.with(uid, |progress| {
            let known = progress.unsettled.take().and_then(|former| former.parts);
            progress.unsettled = Some(Unsettled {
                since: now,
                parts: known.filter(|_| progress.was_read_within(STANDS, now)),
            });
        });
    }

    /// Notes what came of a look: what isn't as wished.
    pub(crate) fn end(&self, uid: &str, survey: &Survey, unready: Vec<Resource>, now: Instant) {
        let fine = unready.is_empty();
        let unsettled = |parts| Unsettled { since: now, parts };
        self.with(uid, |progress| match survey {
            // Whatever isn't remembered is read anyway.
            Survey::Memory if fine => {}
            Survey::Memory => {
                progress.seen = Some(now);
                if let Some(unsettled) = &mut progress.unsettled {
                    unsettled.since = now;
                }
            }
            // Before one rests, everything is read once more.
            Survey::Parts(..) => {
                progress.unsettled = Some(unsettled((!fine).then_some(unready)));
            }
            // They are asked for once more.
            Survey::Lists(folder, _) if !fine && !folder.is_whole() => {}
            Survey::Lists(folder, _) => {
                progress.seen = Some(folder.taken);
                // Not all chats read the same.
                let first = || rand::random_range(0..TURNS.len());
                let next = progress.turn.map(|turn| turn.wrapping_add(1));
                progress.turn = next.or_else(|| Some(first()));
                progress.unsettled = (!fine).then(|| unsettled(None));
            }
            Survey::Everything(_) => {
                progress.seen = Some(now);
                progress.whole = Some(now);
                progress.unsettled = (!fine).then(|| unsettled(Some(unready)));
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
            whole: None,
        });
        work(progress)
    }
}

impl Progress {
    /// Whether everything was read so shortly ago.
    fn was_read_within(&self, limit: Duration, now: Instant) -> bool {
        let age = |whole| now.saturating_duration_since(whole);
        self.whole.is_some_and(|whole| age(whole) < limit)
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
mod tests;
