//! Parameters of the query that a specification describes: only these reach a
//! function as parameters (documented for `params` and `parameters`).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{SpecError, wrong};

/// Their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::gateway) struct QueryParameters(BTreeSet<String>);

impl QueryParameters {
    /// Those of a path item or of an operation, besides `more`.
    pub(super) fn parse(
        place: &str,
        fields: &Map<String, Value>,
        more: &Self,
    ) -> Result<Self, SpecError> {
        let mut names = more.0.clone();
        let Some(list) = fields.get("parameters") else {
            return Ok(Self(names));
        };
        let list = list
            .as_array()
            .ok_or_else(|| wrong(place, "parameters must be a list"))?;
        for parameter in list {
            let name = parameter["name"].as_str();
            let name = name.ok_or_else(|| wrong(place, "a parameter's name is missing"))?;
            match parameter["in"].as_str() {
                Some("query") => {
                    names.insert(name.to_owned());
                }
                Some("path" | "header" | "cookie") => {}
                _ => {
                    let text =
                        format!("in of parameter {name} must be path, query, header or cookie");
                    return Err(wrong(place, text));
                }
            }
        }
        Ok(Self(names))
    }

    /// Whether a parameter of this name is described.
    pub(in crate::gateway) fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}
