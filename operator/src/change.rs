//! What differs between a wish and what is there, and what the operator does
//! about it: for plans, Events and logs.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use wschat_crds::Occasion;

use crate::resource::Resource;

/// Stands in a plan for what only the cloud can tell, once it has made it.
pub(crate) const LATER: &str = "(known after apply)";

/// One field that isn't as wished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Its path in the cloud's API, such as `serverlessDatabase.storageSizeLimit`.
    pub(crate) field: String,
    /// Empty when nothing is there yet.
    pub(crate) is: String,
    pub(crate) wanted: String,
}

impl Difference {
    /// The difference between two values of a field, if there is one.
    pub(crate) fn between<T: PartialEq + fmt::Display>(
        field: &str,
        is: &T,
        wanted: &T,
    ) -> Option<Self> {
        (is != wanted).then(|| Self {
            field: field.to_owned(),
            is: is.to_string(),
            wanted: wanted.to_string(),
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, is, wanted } = self;
        if is.is_empty() {
            write!(f, "{field}: {wanted}")
        } else {
            write!(f, "{field}: {is} -> {wanted}")
        }
    }
}

/// The paths of an update mask: the outermost fields, each once, in order.
pub(crate) fn paths(differences: &[Difference]) -> Vec<&str> {
    let mut paths = Vec::new();
    for difference in differences {
        let path = difference.field.split('.').next().unwrap_or_default();
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

/// One change of the cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) resource: Resource,
    pub(crate) occasion: Occasion,
    pub(crate) differences: Vec<Difference>,
}

impl Change {
    /// Something is made that has all of `request`.
    pub(crate) fn create(resource: Resource, occasion: Occasion, request: &Value) -> Self {
        let mut differences = Vec::new();
        flatten(String::new(), request, &mut differences);
        Self {
            resource,
            occasion,
            differences,
        }
    }

    /// A field is changed, or nothing when it doesn't differ.
    pub(crate) fn of(
        resource: Resource,
        occasion: Occasion,
        difference: Option<Difference>,
    ) -> Self {
        Self {
            resource,
            occasion,
            differences: difference.into_iter().collect(),
        }
    }

    /// Roles are given, `again` if they were there before.
    pub(crate) fn grant(resource: Resource, again: bool, roles: &str) -> Self {
        let occasion = if again {
            Occasion::DriftRepaired
        } else {
            Occasion::Created
        };
        Self {
            resource,
            occasion,
            differences: vec![leaf("roles".to_owned(), roles.to_owned())],
        }
    }

    /// Whether something is made, rather than changed.
    fn makes(&self) -> bool {
        match self.occasion {
            Occasion::Created | Occasion::Remade => true,
            Occasion::Updated
            | Occasion::DriftRepaired
            | Occasion::Adopted
            | Occasion::Released => false,
        }
    }

    /// Whether it brings back what somebody changed or removed.
    pub(crate) fn repairs_drift(&self) -> bool {
        match self.occasion {
            Occasion::Remade | Occasion::DriftRepaired => true,
            Occasion::Created | Occasion::Updated | Occasion::Adopted | Occasion::Released => false,
        }
    }

    /// What is done to it.
    fn verb(&self) -> &'static str {
        match self.occasion {
            Occasion::Created | Occasion::Remade => "make",
            Occasion::Adopted => "adopt",
            Occasion::Updated | Occasion::DriftRepaired | Occasion::Released => "change",
        }
    }

    /// All differences, one after another.
    pub(crate) fn details(&self) -> String {
        let details: Vec<String> = self.differences.iter().map(ToString::to_string).collect();
        details.join(", ")
    }

    /// What a plan says about it.
    pub(crate) fn heading(&self) -> String {
        let sign = if self.makes() { '+' } else { '~' };
        format!("{sign} {} the {}", self.verb(), self.resource.title())
    }

    /// What a summary of a plan says about it.
    pub(crate) fn intention(&self) -> String {
        let intention = format!("{} the {}", self.verb(), self.resource.title());
        if self.makes() {
            return intention;
        }
        format!("{intention}: {}", self.details())
    }

    /// What an Event says about it.
    pub(crate) fn note(&self) -> String {
        let (title, details) = (self.resource.title(), self.details());
        match self.occasion {
            Occasion::Created => format!("made the {title}"),
            Occasion::Remade => format!("the {title} was gone: made it anew"),
            Occasion::Updated => format!("changed the {title}: {details}"),
            Occasion::DriftRepaired => format!("changed the {title} back: {details}"),
            Occasion::Adopted => format!("adopted the {title}: {details}"),
            Occasion::Released => format!("the {title} was adopted, and stays: {details}"),
        }
    }
}

/// The leaves of a request, each with its path.
fn flatten(path: String, value: &Value, into: &mut Vec<Difference>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                flatten(path, value, into);
            }
        }
        Value::Null => {}
        Value::String(text) => into.push(leaf(path, text.clone())),
        other => into.push(leaf(path, other.to_string())),
    }
}

fn leaf(field: String, wanted: String) -> Difference {
    Difference {
        field,
        is: String::new(),
        wanted,
    }
}

/// What was done in one look at a chat; steps that run side by side add to it.
#[derive(Debug, Default)]
pub(crate) struct Changes(Mutex<Vec<Change>>);

impl Changes {
    pub(crate) fn add(&self, change: Change) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(change);
    }

    /// All of them, in the order in which they were made.
    pub(crate) fn take(&self) -> Vec<Change> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_a_difference() {
        assert_eq!(Difference::between("name", &"a", &"a"), None);
        let difference = Difference::between("name", &"a", &"b").unwrap();
        assert_eq!(difference.to_string(), "name: a -> b");
    }

    #[test]
    fn a_mask_names_each_outermost_field_once() {
        let at = |field: &str| Difference::between(field, &1, &2).unwrap();
        let differences = [at("labels"), at("rule.path"), at("rule.batch")];
        assert_eq!(paths(&differences), ["labels", "rule"]);
    }

    #[test]
    fn a_creation_tells_every_leaf() {
        let request = json!({ "name": "n", "limits": { "storage": "1", "on": false } });
        let change = Change::create(Resource::Database, Occasion::Created, &request);
        let lines: Vec<String> = change.differences.iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["limits.on: false", "limits.storage: 1", "name: n"]);
        assert_eq!(change.note(), "made the database");
    }
}
