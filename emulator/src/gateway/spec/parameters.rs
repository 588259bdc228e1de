//! Parameters that an operation declares: what fixed answers may repeat.

use http::{HeaderMap, Uri, header};
use serde_json::Value;

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

/// A parameter of an operation or of its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gateway) struct Declared {
    pub(in crate::gateway) name: String,
    source: Source,
}

/// Reads `parameters`, which may be missing.
pub(super) fn parse(
    place: &str,
    value: Option<&Value>,
    document: &Value,
) -> Result<Vec<Declared>, SpecError> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let items = value.as_array();
    let items = items.ok_or_else(|| wrong(place, "parameters must be a list"))?;
    items
        .iter()
        .map(|item| one(place, item, document))
        .collect()
}

fn one(place: &str, item: &Value, document: &Value) -> Result<Declared, SpecError> {
    let item = match item["$ref"].as_str() {
        None => item,
        Some(reference) => {
            let name = reference.strip_prefix(SHARED);
            let found = name.and_then(|name| document["components"]["parameters"].get(name));
            found.ok_or_else(|| wrong(place, format!("{reference} isn't there")))?
        }
    };
    let source = match item["in"].as_str() {
        Some("path") => Source::Path,
        Some("query") => Source::Query,
        Some("header") => Source::Header,
        Some("cookie") => Source::Cookie,
        _ => {
            let words = "a parameter's in must be path, query, header or cookie";
            return Err(wrong(place, words));
        }
    };
    let name = item["name"].as_str();
    let name = name.ok_or_else(|| wrong(place, "a parameter's name is missing"))?;
    Ok(Declared {
        name: name.to_owned(),
        source,
    })
}

impl Declared {
    /// Its value in a request.
    pub(in crate::gateway) fn value(
        &self,
        path: &Parameters,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Option<String> {
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
