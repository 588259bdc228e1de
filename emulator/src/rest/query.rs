//! Query parameters, and which of them a method looked at.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::error::Status;

/// Parameters by name. One that its method never looks at is unknown to it:
/// Envoy's transcoder refuses such, where another server would silently list
/// more than was asked for.
#[derive(Debug)]
pub(crate) struct Query {
    values: BTreeMap<String, String>,
    read: RefCell<BTreeSet<String>>,
}

impl Query {
    /// Of the text after the question mark.
    pub(crate) fn parse(text: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(text.unwrap_or_default().as_bytes());
        Self {
            values: pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
            read: RefCell::default(),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&String> {
        self.read.borrow_mut().insert(name.to_owned());
        self.values.get(name)
    }

    /// Refuses parameters that nobody has looked at.
    pub(crate) fn refuse_unread(&self) -> Result<(), Status> {
        let read = self.read.borrow();
        self.refuse(|name| read.contains(name))
    }

    /// Refuses all parameters but these.
    pub(crate) fn refuse_all_but(&self, known: &[&str]) -> Result<(), Status> {
        self.refuse(|name| known.contains(&name))
    }

    fn refuse(&self, is_known: impl Fn(&str) -> bool) -> Result<(), Status> {
        match self.values.keys().find(|name| !is_known(name)) {
            None => Ok(()),
            Some(name) => Err(Status::invalid_argument(format!(
                "Unknown query parameter {name}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn a_query_is_decoded() {
        let query = Query::parse(Some("filter=name%3D%22a%22&pageSize=5"));
        assert_eq!(query.get("filter").map(String::as_str), Some("name=\"a\""));
        assert_eq!(query.get("pageToken"), None);
    }

    #[test]
    fn what_nobody_looked_at_is_refused() {
        let query = Query::parse(Some("pageSize=5&page_token=a"));
        query.get("pageSize");
        query.get("pageToken");
        let refused = query.refuse_unread().unwrap_err();
        assert!(refused.message.contains("page_token"), "{refused}");
        query.get("page_token");
        query.refuse_unread().unwrap();
        query.refuse_all_but(&["pageSize"]).unwrap_err();
        Query::parse(None).refuse_all_but(&[]).unwrap();
    }
}
