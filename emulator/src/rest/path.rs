//! A REST path: segments and the custom verb after the last colon.

/// `/functions/v1/versions/d4e1:setTag` is `["functions", "v1", "versions",
/// "d4e1"]` with the verb `setTag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    segments: Vec<String>,
    verb: Option<String>,
}

impl Path {
    pub(crate) fn parse(path: &str) -> Self {
        let (path, verb) = match path.rsplit_once(':') {
            Some((head, verb)) if !verb.contains('/') => (head, Some(verb.to_owned())),
            _ => (path, None),
        };
        let segments = path.split('/').skip(1).map(decode).collect();
        Self { segments, verb }
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    pub(crate) fn verb(&self) -> Option<&str> {
        self.verb.as_deref()
    }
}

fn decode(segment: &str) -> String {
    url::form_urlencoded::parse(format!("s={}", segment.replace('+', "%2B")).as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn a_verb_follows_the_last_colon() {
        let path = Path::parse("/functions/v1/versions/d4e1:setTag");
        assert_eq!(path.segments(), ["functions", "v1", "versions", "d4e1"]);
        assert_eq!(path.verb(), Some("setTag"));
        let path = Path::parse("/iam/v1/keys/a%2Fb");
        assert_eq!(
            (path.segments(), path.verb()),
            (vec!["iam", "v1", "keys", "a/b"], None)
        );
    }
}
