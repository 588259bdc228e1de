//! Names and labels of cloud resources. They depend on the installation, the
//! namespace and the name only, so a chat that is restored from a backup (with
//! another UID and no status) finds its resources again.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use wschat_crds::NamesSpec;

/// The label that holds the installation's id.
pub(crate) const LABEL_INSTALLATION: &str = "wschat-installation";
/// The label that holds the Kubernetes namespace.
pub(crate) const LABEL_NAMESPACE: &str = "wschat-namespace";
/// The label that holds the Kubernetes name.
pub(crate) const LABEL_NAME: &str = "wschat-name";

/// The label by which a person gives a resource to an installation, whose id is
/// its value: a chat of that name adopts it. It stays on what was adopted.
pub(crate) const LABEL_ADOPT: &str = "wschat-adopt";

/// How much of the chat's name a cloud name shows.
const VISIBLE: usize = 30;

/// The names of one chat's resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) service_account: String,
    pub(crate) database: String,
    pub(crate) function: String,
    pub(crate) gateway: String,
    pub(crate) trigger: String,
}

impl Names {
    /// The names that the spec fixes, and derived ones for the rest.
    pub(crate) fn new(fixed: &NamesSpec, installation: &str, namespace: &str, name: &str) -> Self {
        let derived = derived(installation, namespace, name);
        let or_derived = |fixed: &Option<String>| fixed.clone().unwrap_or_else(|| derived.clone());
        Self {
            service_account: or_derived(&fixed.service_account),
            database: or_derived(&fixed.database),
            function: or_derived(&fixed.function),
            gateway: or_derived(&fixed.gateway),
            trigger: or_derived(&fixed.trigger),
        }
    }
}

/// `wschat-<name>-<hash>`, at most 46 characters, within every service's rules.
fn derived(installation: &str, namespace: &str, name: &str) -> String {
    let visible: String = name.chars().take(VISIBLE).collect();
    // Names hold neither NUL, so no two triples are hashed alike.
    let hash = hex(
        &Sha256::digest(format!("{installation}\0{namespace}\0{name}")),
        8,
    );
    format!("wschat-{}-{hash}", visible.trim_end_matches('-'))
}

/// Whether anything in the cloud may be called so: services differ in how short a
/// name may be.
pub(crate) fn is_possible(name: &str) -> bool {
    let is_part = |one: char| matches!(one, 'a'..='z' | '0'..='9' | '-');
    name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(is_part)
}

/// The labels that make a cloud resource this chat's.
pub(crate) fn labels(installation: &str, namespace: &str, name: &str) -> BTreeMap<String, String> {
    [
        (LABEL_INSTALLATION, installation),
        (LABEL_NAMESPACE, namespace),
        (LABEL_NAME, name),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}

/// Whether a resource with the labels `found` belongs to whom `ours` describes.
pub(crate) fn owns(ours: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> bool {
    ours.iter()
        .all(|(key, value)| found.get(key) == Some(value))
}

/// Whether a resource with the labels `found` is nobody's, and was given to the
/// installation that `ours` is of. The giver may say for which namespace, or
/// chat, by the labels that it will have.
pub(crate) fn may_adopt(ours: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> bool {
    let given = found.get(LABEL_ADOPT);
    let suits = |label: &str| {
        found
            .get(label)
            .is_none_or(|value| Some(value) == ours.get(label))
    };
    given.is_some()
        && given == ours.get(LABEL_INSTALLATION)
        && !found.contains_key(LABEL_INSTALLATION)
        && suits(LABEL_NAMESPACE)
        && suits(LABEL_NAME)
}

/// The labels without those that make it a chat's.
pub(crate) fn without_ours(found: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let ours = [LABEL_INSTALLATION, LABEL_NAMESPACE, LABEL_NAME];
    let mut all = found.clone();
    all.retain(|key, _| !ours.contains(&key.as_str()));
    all
}

/// The first `length` hexadecimal digits of `bytes`.
pub(crate) fn hex(bytes: &[u8], length: usize) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits
        .take(length)
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_cloud_takes_for_no_name_is_impossible() {
        let long = "x".repeat(63);
        for name in ["a", "wschat-lobby", "a--0", &long] {
            assert!(is_possible(name), "{name}");
        }
        for name in [
            "",
            "-",
            "a-",
            "0a",
            "A",
            "a.b",
            "a_b",
            "ü",
            "a\"b",
            &"x".repeat(64),
        ] {
            assert!(!is_possible(name), "{name}");
        }
    }

    #[test]
    fn a_name_shows_the_chat_and_tells_installations_apart() {
        let name = derived("installation", "team", "lobby");
        assert!(name.starts_with("wschat-lobby-"), "{name}");
        assert_eq!(name.len(), "wschat-lobby-".len() + 8);
        assert_eq!(name, derived("installation", "team", "lobby"));
        for other in [
            derived("other", "team", "lobby"),
            derived("installation", "other", "lobby"),
            derived("installation", "team", "lobby2"),
        ] {
            assert_ne!(name, other);
        }
    }

    #[test]
    fn a_long_name_is_cut_and_stays_valid() {
        let name = derived("i", "n", &format!("{}-{}", "a".repeat(29), "b".repeat(33)));
        assert!(
            name.starts_with(&format!("wschat-{}-", "a".repeat(29))),
            "{name}"
        );
        assert!(name.len() <= 46);
        assert!(!name.contains("--"), "{name}");
    }

    #[test]
    fn fixed_names_win() {
        let fixed = NamesSpec {
            gateway: Some("front-door".to_owned()),
            ..NamesSpec::default()
        };
        let names = Names::new(&fixed, "i", "n", "lobby");
        assert_eq!(names.gateway, "front-door");
        assert!(names.function.starts_with("wschat-lobby-"));
    }

    #[test]
    fn only_what_is_nobodys_and_was_given_to_us_may_be_adopted() {
        let ours = labels("i", "n", "lobby");
        let given = |to: &str| BTreeMap::from([(LABEL_ADOPT.to_owned(), to.to_owned())]);
        assert!(may_adopt(&ours, &given("i")));
        assert!(!may_adopt(&ours, &given("other")));
        assert!(!may_adopt(&ours, &BTreeMap::new()));
        for (namespace, is_given) in [("n", true), ("other", false)] {
            let mut to_namespace = given("i");
            to_namespace.insert(LABEL_NAMESPACE.to_owned(), namespace.to_owned());
            assert_eq!(may_adopt(&ours, &to_namespace), is_given);
        }
        let mut taken = given("i");
        taken.extend(labels("i", "n", "another"));
        assert!(!may_adopt(&ours, &taken), "another chat has it");
        assert_eq!(without_ours(&taken), given("i"));
    }

    #[test]
    fn ownership_wants_all_labels_and_tolerates_more() {
        let ours = labels("i", "n", "lobby");
        let mut found = ours.clone();
        found.insert("cost-centre".to_owned(), "42".to_owned());
        assert!(owns(&ours, &found));
        found.insert(LABEL_INSTALLATION.to_owned(), "other".to_owned());
        assert!(!owns(&ours, &found));
        assert!(!owns(&ours, &BTreeMap::new()));
    }
}
