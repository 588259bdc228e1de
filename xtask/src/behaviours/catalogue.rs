//! The form of the catalogue's files: one section of the page each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::chore::ChoreError;

/// Where the official documents of the cloud and its API are.
const ROOTS: [(&str, &str); 4] = [
    ("docs:", "https://yandex.cloud/en/docs/"),
    (
        "proto:",
        "https://github.com/yandex-cloud/cloudapi/blob/master/yandex/cloud/",
    ),
    ("ydb:", "https://ydb.tech/docs/en/"),
    (
        "ydb-proto:",
        "https://github.com/ydb-platform/ydb-api-protos/blob/master/protos/",
    ),
];

/// A file of the catalogue.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    /// The heading.
    pub(super) title: String,
    /// What a reader should know first.
    #[serde(default)]
    pub(super) introduction: String,
    /// Services of the API.
    #[serde(default)]
    pub(super) services: Vec<Service>,
    /// What is true beyond single methods.
    #[serde(default)]
    pub(super) behaviours: Vec<Behaviour>,
}

/// A service of the API with all its methods: a test compares them with the
/// official descriptors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    /// As in the descriptors: `yandex.cloud.ydb.v1.DatabaseService`.
    pub(super) name: String,
    /// Methods that are there, each with the tests that call it.
    #[serde(default)]
    pub(super) supported: BTreeMap<String, Vec<String>>,
    /// Methods that answer UNIMPLEMENTED by name.
    #[serde(default)]
    pub(super) refused: Vec<String>,
    /// Tests that refused methods are refused.
    #[serde(default)]
    pub(super) refused_by: Vec<String>,
}

/// A documented behaviour, or one about which the documents are silent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Behaviour {
    /// A sentence.
    pub(super) what: String,
    /// How far to believe it.
    pub(super) is: Standing,
    /// `docs:…`, `proto:…`, `ydb:…`, `ydb-proto:…` or words. A guess may have none.
    #[serde(default)]
    pub(super) source: String,
    /// Tests that fail when it isn't so.
    #[serde(default)]
    pub(super) tests: Vec<String>,
}

/// How far to believe a behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Standing {
    /// As documented.
    Supported,
    /// Not there; refused by name.
    Refused,
    /// The documents are silent.
    Guess,
}

impl Standing {
    pub(super) const ALL: [Self; 3] = [Self::Supported, Self::Refused, Self::Guess];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Refused => "refused",
            Self::Guess => "guess",
        }
    }
}

impl Section {
    /// Everything in it that names a test.
    pub(super) fn tests(&self) -> impl Iterator<Item = &String> {
        let of_services = self.services.iter().flat_map(|service| {
            let supported = service.supported.values().flatten();
            supported.chain(&service.refused_by)
        });
        let of_behaviours = self.behaviours.iter().flat_map(|one| &one.tests);
        of_services.chain(of_behaviours)
    }

    /// What is claimed without a test or a source.
    pub(super) fn complaints(&self) -> Vec<String> {
        let title = &self.title;
        let mut found = Vec::new();
        for service in &self.services {
            let name = &service.name;
            for (method, tests) in &service.supported {
                if tests.is_empty() {
                    found.push(format!("{title}: {name}.{method} has no test"));
                }
            }
            if !service.refused.is_empty() && service.refused_by.is_empty() {
                found.push(format!("{title}: {name} refuses methods without a test"));
            }
        }
        for one in &self.behaviours {
            if one.tests.is_empty() {
                found.push(format!("{title}: `{}` has no test", one.what));
            }
            if one.source.is_empty() && one.is == Standing::Supported {
                found.push(format!("{title}: `{}` has no source", one.what));
            }
        }
        found
    }
}

/// A source as a link, or as the words that it is.
pub(super) fn link(source: &str) -> String {
    for (mark, root) in ROOTS {
        if let Some(path) = source.strip_prefix(mark) {
            return format!("[{path}]({root}{path})");
        }
    }
    source.to_owned()
}

/// All sections, in the order of their files' names.
pub(super) fn read(folder: &Path) -> Result<Vec<Section>, ChoreError> {
    let entries = std::fs::read_dir(folder).map_err(ChoreError::file("read", folder))?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| Ok(entry.map_err(ChoreError::file("read", folder))?.path()))
        .collect::<Result<_, ChoreError>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).map_err(ChoreError::file("read", path))?;
            serde_norway::from_str(&text)
                .map_err(|error| ChoreError::refused(format_args!("{}: {error}", path.display())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(yaml: &str) -> Section {
        serde_norway::from_str(yaml).unwrap()
    }

    #[test]
    fn nothing_is_claimed_without_a_test_or_a_source() {
        let bare = section(
            "title: T
services:
- name: S
  supported: {Get: []}
  refused: [List]
behaviours:
- {what: w, is: supported}
",
        );
        assert_eq!(
            bare.complaints(),
            [
                "T: S.Get has no test",
                "T: S refuses methods without a test",
                "T: `w` has no test",
                "T: `w` has no source",
            ]
        );
    }

    #[test]
    fn a_guess_needs_a_test_and_no_source() {
        let guess = section("title: T\nbehaviours:\n- {what: w, is: guess, tests: [a.rs::b]}\n");
        assert!(guess.complaints().is_empty());
        assert_eq!(guess.tests().collect::<Vec<_>>(), ["a.rs::b"]);
    }

    #[test]
    fn a_source_is_a_link_or_words() {
        assert_eq!(
            link("docs:iam/concepts"),
            "[iam/concepts](https://yandex.cloud/en/docs/iam/concepts)"
        );
        assert_eq!(link("measured"), "measured");
    }
}
