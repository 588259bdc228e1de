//! Lists: pages ordered by id.

use serde::Serialize;
use serde_json::{Value, json};

use super::query::Query;
use super::validate::Violations;
use crate::error::Status;

const DEFAULT_SIZE: usize = 100;
const LARGEST: usize = 1000;
/// Longest page token of all services; ours are ids.
const LONGEST_TOKEN: usize = 100;

/// `{"<key>": […], "nextPageToken": "…"}` of items that come ordered by id; the
/// token is the last id of the page.
pub(crate) fn page<T: Serialize>(
    query: &Query,
    key: &str,
    items: impl IntoIterator<Item = (String, T)>,
) -> Result<Value, Status> {
    let size = size(query)?;
    let after = query.get("pageToken").map_or("", String::as_str);
    let mut violations = Violations::default();
    violations.longest("pageToken", after, LONGEST_TOKEN);
    violations.finish()?;
    let mut rest = items.into_iter().filter(|(id, _)| id.as_str() > after);
    let mut page = Vec::new();
    let mut last = String::new();
    for (id, item) in rest.by_ref().take(size) {
        page.push(to_value(&item)?);
        last = id;
    }
    let next = if rest.next().is_some() {
        last
    } else {
        String::new()
    };
    Ok(json!({ key: page, "nextPageToken": next }))
}

fn size(query: &Query) -> Result<usize, Status> {
    let Some(text) = query.get("pageSize") else {
        return Ok(DEFAULT_SIZE);
    };
    match text.parse::<usize>() {
        Ok(0) => Ok(DEFAULT_SIZE),
        Ok(size) if size <= LARGEST => Ok(size),
        Ok(_) | Err(_) => {
            let mut violations = Violations::default();
            violations.add("pageSize", "Value must be in range 0 to 1000");
            violations.finish()?;
            Ok(DEFAULT_SIZE)
        }
    }
}

/// JSON of a model; fails only on a bug.
pub(crate) fn to_value<T: Serialize>(item: &T) -> Result<Value, Status> {
    serde_json::to_value(item).map_err(|error| Status::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{Query, page};

    #[test]
    fn pages_follow_each_other_until_the_token_is_empty() {
        let items = || ["a", "b", "c"].map(|id| (id.to_owned(), id));
        let first = page(&Query::parse(Some("pageSize=2")), "things", items()).unwrap();
        assert_eq!(first["things"], serde_json::json!(["a", "b"]));
        let next = format!(
            "pageSize=2&pageToken={}",
            first["nextPageToken"].as_str().unwrap()
        );
        let second = page(&Query::parse(Some(&next)), "things", items()).unwrap();
        assert_eq!(second["things"], serde_json::json!(["c"]));
        assert_eq!(second["nextPageToken"], "");
        assert!(page(&Query::parse(Some("pageSize=1001")), "things", items()).is_err());
    }
}
