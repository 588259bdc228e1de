//! What a call must hold for a rule to fire on it.

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A condition on a call's content, beside its method and path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum When {
    /// The content is JSON with this value at a place.
    Json {
        /// JSON pointer (RFC 6901), `""` for the whole.
        pointer: String,
        /// The value that is there.
        equals: Value,
    },
    /// The request has a header of this value.
    Header {
        /// Its name; case doesn't matter.
        name: String,
        /// Its value.
        equals: String,
    },
    /// The content has these bytes somewhere; in a gRPC message, texts are as
    /// they are.
    Contains(String),
}

/// What there is to look at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Content<'a> {
    /// Nothing.
    #[default]
    None,
    /// A body or message as it came.
    Bytes(&'a [u8]),
    /// An event of a function.
    Json(&'a Value),
}

impl When {
    /// As it is written in a rule.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Json { .. } => "json",
            Self::Header { .. } => "header",
            Self::Contains(_) => "contains",
        }
    }

    /// What is wrong with it.
    pub(super) fn problem(&self) -> Option<String> {
        match self {
            Self::Json { pointer, .. } if !pointer.is_empty() && !pointer.starts_with('/') => Some(
                format!("the JSON pointer {pointer} must be empty or start with /"),
            ),
            Self::Header { name, .. } if name.parse::<http::HeaderName>().is_err() => {
                Some(format!("{name:?} is no name of a header"))
            }
            Self::Contains(text) if text.is_empty() => {
                Some("contains must not be empty: every call would do".to_owned())
            }
            Self::Json { .. } | Self::Header { .. } | Self::Contains(_) => None,
        }
    }

    pub(super) fn holds(&self, headers: Option<&HeaderMap>, content: Content<'_>) -> bool {
        match self {
            Self::Json { pointer, equals } => match content {
                Content::None => false,
                Content::Json(value) => value.pointer(pointer) == Some(equals),
                Content::Bytes(bytes) => serde_json::from_slice::<Value>(bytes)
                    .is_ok_and(|value| value.pointer(pointer) == Some(equals)),
            },
            Self::Header { name, equals } => headers.is_some_and(|headers| {
                let mut values = headers.get_all(name.as_str()).iter();
                values.any(|value| value.as_bytes() == equals.as_bytes())
            }),
            Self::Contains(text) => match content {
                Content::None => false,
                Content::Json(value) => value.to_string().contains(text.as_str()),
                Content::Bytes(bytes) => contains(bytes, text.as_bytes()),
            },
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
