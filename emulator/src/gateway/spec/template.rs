//! Paths of a specification, with parameters: `/rooms/{room}`, `/files/{name+}`,
//! `/files/{name+}/versions`.

/// One part between slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// `{name}`: one part.
    Parameter(String),
    /// `{name+}`: at least one part, and as many as fit.
    Greedy(String),
}

impl Segment {
    fn is_greedy(&self) -> bool {
        matches!(self, Self::Greedy(_))
    }
}

/// A path that requests are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gateway) struct Template(Vec<Segment>);

/// Names and values of path parameters.
pub(in crate::gateway) type Parameters = Vec<(String, String)>;

impl Template {
    /// Reads a path; the error says what is wrong with it.
    pub(super) fn parse(path: &str) -> Result<Self, String> {
        let Some(rest) = path.strip_prefix('/') else {
            return Err("a path starts with /".to_owned());
        };
        let segments: Vec<Segment> = parts(rest).map(segment).collect::<Result<_, String>>()?;
        let greedy = segments.iter().filter(|part| part.is_greedy());
        if greedy.count() > 1 {
            return Err("there may be one parameter like {name+} in a path".to_owned());
        }
        Ok(Self(segments))
    }

    /// The parameters when the path fits. A trailing slash doesn't matter
    /// (`ignoreTrailingSlashes` is on by default).
    pub(super) fn matches(&self, path: &str) -> Option<Parameters> {
        let parts: Vec<&str> = parts(path.strip_prefix('/')?).collect();
        // What the greedy one takes beyond one part.
        let spare = parts.len().checked_sub(self.0.len())?;
        if spare > 0 && !self.0.iter().any(Segment::is_greedy) {
            return None;
        }
        let mut rest = parts.as_slice();
        let mut parameters = Vec::new();
        for segment in &self.0 {
            let taken = if segment.is_greedy() { 1 + spare } else { 1 };
            let (own, others) = rest.split_at_checked(taken)?;
            rest = others;
            match segment {
                Segment::Literal(literal) if own == [literal.as_str()] => {}
                Segment::Literal(_) => return None,
                Segment::Parameter(name) | Segment::Greedy(name) => {
                    parameters.push((name.clone(), own.join("/")));
                }
            }
        }
        Some(parameters)
    }

    /// Of two that fit, the one with the smaller rank counts: literal parts
    /// before parameters, parameters before greedy ones.
    pub(super) fn rank(&self) -> Vec<u8> {
        let rank = |segment: &Segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Parameter(_) => 1,
            Segment::Greedy(_) => 2,
        };
        self.0.iter().map(rank).collect()
    }
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/').skip(usize::from(path.is_empty()))
}

fn segment(part: &str) -> Result<Segment, String> {
    let Some(name) = part
        .strip_prefix('{')
        .and_then(|part| part.strip_suffix('}'))
    else {
        if part.contains(['{', '}']) {
            return Err(format!("{part}: a parameter must be a whole part"));
        }
        return Ok(Segment::Literal(part.to_owned()));
    };
    Ok(match name.strip_suffix('+') {
        Some(name) => Segment::Greedy(name.to_owned()),
        None => Segment::Parameter(name.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::Template;

    fn found(template: &str, path: &str) -> Option<String> {
        let parameters = Template::parse(template).unwrap().matches(path)?;
        let pairs = parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        Some(pairs.collect::<Vec<_>>().join(","))
    }

    #[test]
    fn parameters_take_one_part_and_greedy_ones_the_rest() {
        assert_eq!(found("/ws/{room}", "/ws/a").as_deref(), Some("room=a"));
        assert_eq!(found("/ws/{room}", "/ws/a/").as_deref(), Some("room=a"));
        assert_eq!(found("/ws/{room}", "/ws/a/b"), None);
        assert_eq!(found("/ws/{room}", "/ws"), None);
        assert_eq!(found("/f/{name+}", "/f/a/b").as_deref(), Some("name=a/b"));
        let middle = "/f/{name+}/v/{version}";
        let both = found(middle, "/f/a/v/b/v/1");
        assert_eq!(both.as_deref(), Some("name=a/v/b,version=1"));
        assert_eq!(found(middle, "/f/v/1"), None);
        assert_eq!(found(middle, "/f/a/w/1"), None);
        assert_eq!(found("/f/{name+}", "/f"), None);
        assert_eq!(found("/", "/").as_deref(), Some(""));
        assert_eq!(found("/", "/a"), None);
        assert_eq!(found("/ws", "/ws/").as_deref(), Some(""));
    }

    #[test]
    fn odd_templates_are_refused() {
        for path in ["ws", "/a{b}", "/{rest+}/{more+}"] {
            assert!(Template::parse(path).is_err(), "{path}");
        }
    }
}
