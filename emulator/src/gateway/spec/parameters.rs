//! Parameters that an operation describes: of the query, only these reach a
//! function as parameters (documented for `params` and `parameters`), and fixed
//! answers may repeat them.

use http::{HeaderMap, Uri, header};
use serde_json::{Map, Value};

use super::template::Parameters;
use super::{SpecError, wrong};

/// Where shared parameters are.
const SHARED: &str = "#/components/parameters/";

/// Where a parameter's value is in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Path,
    Query,
    Header,
    Cookie,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parameter {
    name: String,
    source: Source,
}

/// Parameters of an operation and of its path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::gateway) struct Described(Vec<Parameter>);

impl Described {
    /// Those of a path item or of an operation, besides `more`.
    pub(super) fn parse(
        place: &str,
        fields: &Map<String, Value>,
        document: &Value,
        more: &Self,
    ) -> Result<Self, SpecError> {
        let mut all = Vec::new();
        if let Some(list) = fields.get("parameters") {
            let list = list
                .as_array()
                .ok_or_else(|| wrong(place, "parameters must be a list"))?;
            for item in list {
                all.push(one(place, item, document)?);
            }
        }
        all.extend(more.0.iter().cloned());
        Ok(Self(all))
    }

    /// Whether a parameter of this name is in the query.
    pub(in crate::gateway) fn has_query(&self, name: &str) -> bool {
        let mut all = self.0.iter();
        all.any(|parameter| parameter.source == Source::Query && parameter.name == name)
    }

    /// Names and values in a request; those that it hasn't are missing.
    pub(in crate::gateway) fn values(
        &self,
        path: &Parameters,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Vec<(String, String)> {
        let named = |parameter: &Parameter| {
            let value = parameter.value(path, uri, headers)?;
            Some((parameter.name.clone(), value))
        };
        self.0.iter().filter_map(named).collect()
    }
}

fn one(place: &str, item: &Value, document: &Value) -> Result<Parameter, SpecError> {
    let item = match item["$ref"].as_str() {
        None => item,
        Some(reference) => {
            let name = reference.strip_prefix(SHARED);
            let found = name.and_then(|name| document["components"]["parameters"].get(name));
            found.ok_or_else(|| wrong(place, format!("{reference} isn't there")))?
        }
    };
    let name = item["name"].as_str();
    let name = name.ok_or_else(|| wrong(place, "a parameter's name is missing"))?;
    let source = match item["in"].as_str() {
        Some("path") => Source::Path,
        Some("query") => Source::Query,
        Some("header") => Source::Header,
        Some("cookie") => Source::Cookie,
        _ => {
            let text = format!("in of parameter {name} must be path, query, header or cookie");
            return Err(wrong(place, text));
        }
    };
    Ok(Parameter {
        name: name.to_owned(),
        source,
    })
}

impl Parameter {
    /// Its value in a request.
    fn value(&self, path: &Parameters, uri: &Uri, headers: &HeaderMap) -> Option<String> {
        match self.source {
            Source::Path => {
                let found = path.iter().find(|(name, _)| *name == self.name);
                found.map(|(_, value)| value.clone())
            }
            Source::Query => {
                let query = uri.query().unwrap_or_default();
                let mut pairs = url::form_urlencoded::parse(query.as_bytes());
                let found = pairs.find(|(name, _)| *name == self.name);
                found.map(|(_, value)| value.into_owned())
            }
            Source::Header => {
                let value = headers.get(self.name.as_str())?;
                value.to_str().ok().map(str::to_owned)
            }
            Source::Cookie => {
                let cookies = headers.get_all(header::COOKIE).iter();
                let texts = cookies.filter_map(|value| value.to_str().ok());
                let mut pairs = texts.flat_map(|text| text.split(';'));
                pairs.find_map(|pair| {
                    let (name, value) = pair.trim().split_once('=')?;
                    (name == self.name).then(|| value.to_owned())
                })
            }
        }
    }
}
