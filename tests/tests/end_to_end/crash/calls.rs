//! The calls of a stage, told apart in a way that holds for the next one too.

use std::collections::BTreeMap;
use std::fmt;

use wschat_tests::emulator::{Action, Fault, Phase, Request};

/// All ids of the cloud are so long.
const ID_LENGTH: usize = 20;

/// The `nth` call of this method whose path fits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Call {
    method: String,
    /// With `*` for each id.
    path: String,
    /// From 1.
    nth: u32,
}

impl Call {
    /// The fault that holds this call of that account.
    pub(super) fn hang(&self, subject: &str, phase: Phase) -> Fault {
        Fault {
            subject: Some(subject.to_owned()),
            nth: self.nth,
            ..Fault::once(&self.method, &self.path, phase, Action::Hang {})
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} #{}", self.method, self.path, self.nth)
    }
}

/// The calls that change something, in an order that doesn't depend on which
/// of two independent ones came first.
pub(super) fn mutating(requests: &[Request]) -> Vec<Call> {
    let mut seen: BTreeMap<(String, String), u32> = BTreeMap::new();
    for request in requests.iter().filter(|request| request.mutating) {
        let name = (request.method.clone(), pattern(&request.path));
        *seen.entry(name).or_default() += 1;
    }
    let calls = seen.into_iter().flat_map(|((method, path), times)| {
        (1..=times).map(move |nth| Call {
            method: method.clone(),
            path: path.clone(),
            nth,
        })
    });
    calls.collect()
}

/// Whether a call is a query of the database, which may only read.
pub(crate) fn is_query(request: &Request) -> bool {
    request.path.ends_with("/ExecuteQuery")
}

/// A path with `*` for each id.
pub(crate) fn pattern(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        let (name, verb) = segment.split_at(segment.find(':').unwrap_or(segment.len()));
        if is_id(name) {
            format!("*{verb}")
        } else {
            segment.to_owned()
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

fn is_id(segment: &str) -> bool {
    let is_of_ids = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    segment.len() == ID_LENGTH && segment.chars().all(is_of_ids)
}
