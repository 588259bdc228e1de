//! Where rules can fire, and what can happen there.

use super::{Action, End, Phase, Rule, When, glob};

/// Why a rule isn't taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule {number}: {problem}")]
pub struct RuleError {
    /// Which one, counted from 1.
    pub number: usize,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// What a rule's `method` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `*`: calls of the REST and the gRPC API.
    Call,
    /// An HTTP method: calls of the REST API, the connection API and
    /// `/invoke/`; the path is the URL's.
    Rest,
    /// `GRPC`: calls of YDB; the path is `/Service/Method`.
    Grpc,
    /// `GRPC_IN`: each message from a client, on streams that are open too.
    GrpcIn,
    /// `GRPC_OUT`: each message to a client.
    GrpcOut,
    /// `CONNECT`: a socket's handshake; the path is `/<gateway id>/<path>`.
    Connect,
    /// `MESSAGE`: a message of a socket's client.
    Message,
    /// `DISCONNECT`: a socket's end, as its function learns it.
    Disconnect,
    /// `FRAME`: a message to a socket's client: a reply, a broadcast, or one of
    /// the connection API.
    Frame,
    /// `INVOKE`: a call of a function by whomever; the path is
    /// `/<function id>/<tag>`.
    Invoke,
    /// `DELIVER`: a batch of a trigger; the path is `/<trigger id>`.
    Deliver,
    /// `TOKEN`: a token for a function; the path is `/<function id>/context` or
    /// `/<function id>/metadata`, by the way that it takes.
    Token,
}

/// All names that a rule's `method` may have.
pub(super) const METHODS: [(&str, Place); 17] = [
    ("*", Place::Call),
    ("GET", Place::Rest),
    ("HEAD", Place::Rest),
    ("POST", Place::Rest),
    ("PUT", Place::Rest),
    ("PATCH", Place::Rest),
    ("DELETE", Place::Rest),
    ("GRPC", Place::Grpc),
    ("GRPC_IN", Place::GrpcIn),
    ("GRPC_OUT", Place::GrpcOut),
    ("CONNECT", Place::Connect),
    ("MESSAGE", Place::Message),
    ("DISCONNECT", Place::Disconnect),
    ("FRAME", Place::Frame),
    ("INVOKE", Place::Invoke),
    ("DELIVER", Place::Deliver),
    ("TOKEN", Place::Token),
];

/// Calls whose requests or answers have no end: they can't be made twice.
const ENDLESS: [&str; 3] = [
    "/Ydb.Query.V1.QueryService/AttachSession",
    "/Ydb.Topic.V1.TopicService/StreamRead",
    "/Ydb.Topic.V1.TopicService/StreamWrite",
];

impl Place {
    /// By a rule's `method`.
    pub(crate) fn named(method: &str) -> Option<Self> {
        let found = METHODS.iter().find(|(name, _)| *name == method);
        found.map(|(_, place)| *place)
    }

    /// What can happen there, before it is carried out and after.
    fn actions(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Call => (
                &["hang", "delayMs", "status", "cut"],
                &["hang", "delayMs", "status", "cut", "truncate"],
            ),
            Self::Rest => (
                &["hang", "delayMs", "status", "cut", "duplicate"],
                &[
                    "hang", "delayMs", "status", "cut", "truncate", "hideMs", "patch",
                ],
            ),
            Self::Grpc => (
                &[
                    "hang",
                    "delayMs",
                    "status",
                    "grpc",
                    "ydb",
                    "cut",
                    "duplicate",
                ],
                &[
                    "hang", "delayMs", "status", "grpc", "ydb", "cut", "truncate",
                ],
            ),
            Self::GrpcIn => (&["hang", "delayMs", "cut", "drop", "duplicate"], &[]),
            Self::GrpcOut => (
                &["hang", "delayMs", "grpc", "ydb", "cut", "drop", "duplicate"],
                &[],
            ),
            Self::Connect | Self::Message => (
                &["hang", "delayMs", "status", "drop", "duplicate"],
                &["hang", "delayMs", "status", "drop"],
            ),
            Self::Disconnect => (&["hang", "delayMs", "drop", "duplicate"], &[]),
            Self::Frame => (
                &["hang", "delayMs", "cut", "drop", "duplicate", "close"],
                &[],
            ),
            Self::Invoke => (
                &["hang", "delayMs", "status", "duplicate"],
                &["hang", "delayMs", "status"],
            ),
            Self::Deliver => (&["hang", "delayMs", "status", "drop", "duplicate"], &[]),
            Self::Token => (&["hang", "delayMs", "status", "cut", "expired"], &[]),
        }
    }

    /// What a condition can look at there.
    fn conditions(self) -> &'static [&'static str] {
        match self {
            Self::Rest => &["json", "header", "contains"],
            Self::Call | Self::Grpc => &["header", "contains"],
            Self::GrpcIn | Self::GrpcOut => &["contains"],
            Self::Connect
            | Self::Message
            | Self::Disconnect
            | Self::Frame
            | Self::Invoke
            | Self::Deliver => &["json", "contains"],
            Self::Token => &[],
        }
    }
}

/// Why a rule could never do what it says.
pub(super) fn check(rule: &Rule) -> Result<(), String> {
    let method = &rule.method;
    let Some(place) = Place::named(method) else {
        let names: Vec<&str> = METHODS.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "method {method} is unknown; there are {}",
            names.join(", ")
        ));
    };
    if rule.nth == 0 {
        return Err("nth counts from 1".to_owned());
    }
    let (before, after) = place.actions();
    let (phase, possible) = match rule.phase {
        Phase::Before => ("before", before),
        Phase::After => ("after", after),
    };
    let action = rule.action.name();
    if !possible.contains(&action) {
        let possible = match possible {
            [] => "no action at all".to_owned(),
            some => some.join(", "),
        };
        return Err(format!(
            "{method} can't take the action {action} in phase {phase}; it takes {possible}"
        ));
    }
    check_action(rule, place)?;
    rule.when
        .as_ref()
        .map_or(Ok(()), |when| check_when(when, method, place))
}

fn check_action(rule: &Rule, place: Place) -> Result<(), String> {
    match &rule.action {
        Action::Status(status) if !(200..600).contains(status) => {
            Err(format!("{status} is no HTTP status that ends a call"))
        }
        Action::Close(code) if !(1000..5000).contains(code) => {
            Err(format!("{code} is no close code; they are 1000 to 4999"))
        }
        Action::Truncate(truncation) => match truncation.end {
            End::Cut | End::Clean => Ok(()),
            End::Grpc(_) | End::Ydb(_) if place == Place::Grpc => Ok(()),
            End::Grpc(_) | End::Ydb(_) => {
                Err("truncate ends with grpc or ydb only where method is GRPC".to_owned())
            }
        },
        Action::Patch(patch) if !patch.is_object() => {
            Err("patch takes an object, which is merged into the answer".to_owned())
        }
        Action::HideMs(_) if rule.method != "GET" => {
            Err("hideMs is for reads, where method is GET".to_owned())
        }
        Action::Duplicate {} if place == Place::Grpc => {
            match ENDLESS.iter().find(|path| glob(&rule.path, path)) {
                Some(path) => Err(format!(
                    "{path} has no end, so it can't be duplicated; give a path that it doesn't fit"
                )),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn check_when(when: &When, method: &str, place: Place) -> Result<(), String> {
    let possible = place.conditions();
    if !possible.contains(&when.name()) {
        let possible = match possible {
            [] => "nothing".to_owned(),
            some => some.join(", "),
        };
        let name = when.name();
        return Err(format!(
            "{method} can't be asked for {name} in when; only for {possible}"
        ));
    }
    when.problem().map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::{METHODS, Place};

    const DOCUMENT: &str = include_str!("../../../../docs/faults.md");

    /// The actions of a cell; `–` for none.
    fn actions(cell: &str) -> Vec<&str> {
        let names = cell.split(", ").map(str::trim);
        names.filter(|name| *name != "–").collect()
    }

    #[test]
    fn the_document_tells_what_each_place_takes() {
        let (_, places) = DOCUMENT.split_once("\n## Places\n").unwrap();
        let (places, _) = places.split_once("\n## ").unwrap();
        let rows = places.lines().filter_map(|line| line.strip_prefix("| `"));
        let rows = rows.skip(1);
        let mut told = Vec::new();
        for row in rows {
            let (method, _) = row.split_once('`').unwrap();
            let place = Place::named(method).unwrap();
            let cells: Vec<&str> = row.split('|').collect();
            let (before, after) = place.actions();
            assert_eq!(actions(cells[4]), before, "{method}, before");
            assert_eq!(actions(cells[5]), after, "{method}, after");
            told.push(place);
        }
        for (name, place) in METHODS {
            assert!(told.contains(&place), "{name} isn't in the document");
        }
    }
}
