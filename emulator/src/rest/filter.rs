//! Filters of lists: one comparison, as the proto files describe it. Whatever
//! else is sent is refused, so that no list is taken for a filtered one.

use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::version::Version;

use super::query::Query;
use crate::error::Status;

/// Longest filter (proto).
const LONGEST: usize = 1000;

/// `field = value` or `field != value`.
#[derive(Debug, PartialEq, Eq)]
struct Comparison<'a> {
    field: &'a str,
    equal: bool,
    /// Without its quotes.
    value: &'a str,
    quoted: bool,
}

/// Which operations a list shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Operations {
    All,
    Done(bool),
    CreatedBy { id: String, equal: bool },
}

impl Operations {
    /// Of `filter=done=true` or `filter=created_by="x"`, with `=` or `!=`.
    pub(super) fn of(query: &Query) -> Result<Self, Status> {
        let Some(filter) = text(query)? else {
            return Ok(Self::All);
        };
        let only = "the only ones are done=true, done=false and created_by=\"…\", also with !=";
        let comparison = parse(filter).ok_or_else(|| unsupported(filter, only))?;
        match (comparison.field, comparison.value) {
            ("done", "true") => Ok(Self::Done(comparison.equal)),
            ("done", "false") => Ok(Self::Done(!comparison.equal)),
            ("created_by", id) if comparison.quoted => Ok(Self::CreatedBy {
                id: id.to_owned(),
                equal: comparison.equal,
            }),
            _ => Err(unsupported(filter, only)),
        }
    }

    pub(super) fn admit(&self, operation: &Operation) -> bool {
        match self {
            Self::All => true,
            Self::Done(done) => operation.done == *done,
            Self::CreatedBy { id, equal } => (operation.created_by == *id) == *equal,
        }
    }
}

/// Which versions a list shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Versions {
    All,
    Status(String),
    Runtime(String),
}

impl Versions {
    /// Of `filter=status="ACTIVE"` or `filter=runtime="nodejs22"`.
    pub(super) fn of(query: &Query) -> Result<Self, Status> {
        let Some(filter) = text(query)? else {
            return Ok(Self::All);
        };
        match parse(filter) {
            Some(Comparison {
                field: "status",
                equal: true,
                value,
                quoted: true,
            }) => Ok(Self::Status(value.to_owned())),
            Some(Comparison {
                field: "runtime",
                equal: true,
                value,
                quoted: true,
            }) => Ok(Self::Runtime(value.to_owned())),
            _ => Err(unsupported(
                filter,
                "the only ones are status=\"…\" and runtime=\"…\"",
            )),
        }
    }

    pub(super) fn admit(&self, version: &Version) -> bool {
        match self {
            Self::All => true,
            Self::Status(status) => version.status == *status,
            Self::Runtime(runtime) => version.runtime == *runtime,
        }
    }
}

/// The name of `filter=name="x"`; `None` without a filter.
pub(super) fn name(query: &Query) -> Result<Option<String>, Status> {
    let Some(filter) = text(query)? else {
        return Ok(None);
    };
    match parse(filter) {
        Some(Comparison {
            field: "name",
            equal: true,
            value,
            quoted: true,
        }) => Ok(Some(value.to_owned())),
        _ => Err(unsupported(filter, "the only one is name=\"…\"")),
    }
}

/// Refuses a filter where the proto file has none.
pub(super) fn none(query: &Query, kind: &str) -> Result<(), Status> {
    if query.get("filter").is_some() {
        return Err(Status::invalid_argument(format!("{kind} have no filter")));
    }
    Ok(())
}

fn text(query: &Query) -> Result<Option<&str>, Status> {
    let filter = query.get("filter").map_or("", |text| text.trim());
    if filter.chars().count() > LONGEST {
        let text = format!("filter: Must be at most {LONGEST} characters long");
        return Err(Status::invalid_argument(text));
    }
    Ok(Some(filter).filter(|filter| !filter.is_empty()))
}

fn parse(filter: &str) -> Option<Comparison<'_>> {
    let (left, value) = filter.split_once('=')?;
    let (field, equal) = match left.strip_suffix('!') {
        Some(field) => (field, false),
        None => (left, true),
    };
    let value = value.trim();
    let inside = quoted(value, '"').or_else(|| quoted(value, '\''));
    Some(Comparison {
        field: field.trim(),
        equal,
        value: inside.unwrap_or(value),
        quoted: inside.is_some(),
    })
}

fn quoted(text: &str, quote: char) -> Option<&str> {
    text.strip_prefix(quote)?.strip_suffix(quote)
}

fn unsupported(filter: &str, only: &str) -> Status {
    Status::invalid_argument(format!("Filter {filter:?} isn't supported here; {only}"))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Operations, Query, name};
    use yandex_cloud_rest::model::operation::Operation;

    fn filter(text: &str) -> Query {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        Query::parse(Some(&query.append_pair("filter", text).finish()))
    }

    #[test]
    fn only_a_quoted_name_filters() {
        assert_eq!(
            name(&filter("name=\"lobby\"")).unwrap().as_deref(),
            Some("lobby")
        );
        assert_eq!(
            name(&filter("name = 'lobby'")).unwrap().as_deref(),
            Some("lobby")
        );
        assert_eq!(name(&Query::parse(None)).unwrap(), None);
        for bad in ["status=\"ACTIVE\"", "name=lobby", "name!=\"lobby\"", "name"] {
            assert!(name(&filter(bad)).is_err(), "{bad}");
        }
        let long = format!("name=\"{}\"", "a".repeat(LONGEST));
        assert!(name(&filter(&long)).is_err());
    }

    #[test]
    fn operations_are_filtered_by_their_end_and_their_author() {
        let operation = Operation {
            done: true,
            created_by: "aje1".to_owned(),
            ..Operation::default()
        };
        let admits = |text| Operations::of(&filter(text)).unwrap().admit(&operation);
        for yes in ["", "done=true", "done != false", "created_by='aje1'"] {
            assert!(admits(yes), "{yes}");
        }
        for no in ["done=false", "done!=true", "created_by!=\"aje1\""] {
            assert!(!admits(no), "{no}");
        }
        for bad in [
            "done=maybe",
            "created_by=aje1",
            "createdBy=\"aje1\"",
            "id=\"a\"",
        ] {
            assert!(Operations::of(&filter(bad)).is_err(), "{bad}");
        }
    }
}
