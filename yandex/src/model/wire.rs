//! The JSON forms of types that JSON lacks.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A 64-bit integer: a string when written, a string or a number when read.
pub(super) mod int64 {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form<Number> {
        Text(String),
        Number(Number),
    }

    pub(crate) fn serialize<Number: Display, S: Serializer>(
        number: &Number,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(crate) fn deserialize<'de, Number, D>(deserializer: D) -> Result<Number, D::Error>
    where
        Number: FromStr + Deserialize<'de>,
        D: Deserializer<'de>,
    {
        let refuse = |_| D::Error::custom("neither a 64-bit integer nor a string of one");
        match Form::<Number>::deserialize(deserializer).map_err(refuse)? {
            Form::Number(number) => Ok(number),
            Form::Text(text) => text
                .parse()
                .map_err(|_| D::Error::custom(format!("not a 64-bit integer: {text:?}"))),
        }
    }
}

/// A part of a request whose type replies hold as well: within a request, what
/// it doesn't know is refused; within a reply, it is left alone (a folder has
/// triggers of kinds that aren't modelled here).
pub(super) fn strict<'de, Part, D>(deserializer: D) -> Result<Part, D::Error>
where
    Part: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let mut unknown = None;
    let part = serde_ignored::deserialize(deserializer, |path| {
        unknown.get_or_insert_with(|| path.to_string());
    })?;
    match unknown {
        None => Ok(part),
        Some(path) => Err(de::Error::custom(format!("unknown field `{path}`"))),
    }
}

/// A length of time with up to nanoseconds, `"5s"` or `"0.250s"` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Duration(std::time::Duration);

impl Duration {
    /// Whole seconds.
    #[must_use]
    pub fn from_secs(seconds: u64) -> Self {
        Self(std::time::Duration::from_secs(seconds))
    }

    /// As the standard library's type.
    #[must_use]
    pub fn get(self) -> std::time::Duration {
        self.0
    }
}

impl From<std::time::Duration> for Duration {
    fn from(duration: std::time::Duration) -> Self {
        Self(duration)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = (self.0.as_secs(), self.0.subsec_nanos());
        if nanos == 0 {
            return write!(formatter, "{seconds}s");
        }
        let fraction = format!("{nanos:09}");
        write!(formatter, "{seconds}.{}s", fraction.trim_end_matches('0'))
    }
}

/// The text is no duration.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a duration; write seconds, such as \"5s\" or \"0.5s\"")]
pub struct NotADuration(String);

impl FromStr for Duration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || NotADuration(text.to_owned());
        let number = text.strip_suffix('s').ok_or_else(refuse)?;
        let (seconds, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if seconds.is_empty() || !digits(seconds) || !digits(fraction) || fraction.len() > 9 {
            return Err(refuse());
        }
        let seconds = seconds.parse().map_err(|_| refuse())?;
        let nanos = format!("{fraction:0<9}").parse().map_err(|_| refuse())?;
        Ok(Self(std::time::Duration::new(seconds, nanos)))
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Which fields an update changes; without one, the cloud resets every field
/// that the request leaves out. Camel case, comma-joined on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldMask(Vec<String>);

impl FieldMask {
    /// A mask of these paths, in camel case.
    pub fn of(paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(paths.into_iter().map(Into::into).collect())
    }

    /// The paths.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether the mask names this path.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.paths().any(|own| own == path)
    }

    /// Whether it names nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for FieldMask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.join(","))
    }
}

impl<'de> Deserialize<'de> for FieldMask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = FieldMask;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a comma-joined list of fields")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<FieldMask, E> {
                let paths = text
                    .split(',')
                    .map(str::trim)
                    .filter(|path| !path.is_empty());
                Ok(FieldMask::of(paths))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
