//! Whether a test that the catalogue names is there and runs.

use std::path::{Path, PathBuf};

/// The sources that hold tests.
pub(super) struct Sources {
    root: PathBuf,
}

impl Sources {
    pub(super) fn below(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Finds `path/to/file.rs::name`, in the languages of the project's tests.
    pub(super) fn look_for(&self, test: &str) -> Result<(), String> {
        let (path, name) = test
            .split_once("::")
            .ok_or("is not of the form `path::name`")?;
        let contents = std::fs::read_to_string(self.root.join(path))
            .map_err(|error| format!("can't be read: {error}"))?;
        let ending = Path::new(path)
            .extension()
            .and_then(|ending| ending.to_str());
        let there = match ending {
            Some("rs") => is_rust_test(&contents, name) || is_trial(&contents, name),
            Some("py") => contents.contains(&format!("def {name}(")) && name.starts_with("test_"),
            Some("go") => contents.contains(&format!("func {name}(t *testing.T)")),
            _ => false,
        };
        if there {
            Ok(())
        } else {
            Err("no such test".to_owned())
        }
    }
}

/// A function under `#[test]` or `#[tokio::test]` that nothing switches off.
fn is_rust_test(text: &str, name: &str) -> bool {
    let (sync, asynchronous) = (format!("fn {name}("), format!("async fn {name}("));
    let mut attributes: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            attributes.push(line);
        } else if line.starts_with(&sync) || line.starts_with(&asynchronous) {
            let marked = |mark: &str| attributes.iter().any(|one| one.starts_with(mark));
            return (marked("#[test]") || marked("#[tokio::test")) && !marked("#[ignore");
        } else if !line.starts_with("//") {
            attributes.clear();
        }
    }
    false
}

/// A trial of a suite with its own harness: its name is a string, often
/// wrapped over lines.
fn is_trial(text: &str, name: &str) -> bool {
    text.contains("trial(") && text.contains(&format!("\"{name}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rust_test_has_its_attribute_and_is_not_switched_off() {
        let text = "#[test]\nfn a() {}\n#[tokio::test]\n// why\nasync fn b() {}\nfn c() {}\n\
                    #[test]\n#[ignore = \"slow\"]\nfn d() {}\n";
        let found = ["a", "b", "c", "d", "e"].map(|name| is_rust_test(text, name));
        assert_eq!(found, [true, true, false, false, false]);
    }

    #[test]
    fn a_trial_is_found_by_its_words() {
        assert!(is_trial(
            "vec![suite.trial(\"it works\", works)]",
            "it works"
        ));
        assert!(!is_trial("vec![suite.trial(\"it works\", works)]", "works"));
    }

    #[test]
    fn what_is_not_there_is_told() {
        let sources = Sources::below(Path::new(env!("CARGO_MANIFEST_DIR")));
        let own = "src/behaviours/evidence.rs::what_is_not_there_is_told";
        assert_eq!(sources.look_for(own), Ok(()));
        let missing = sources.look_for("src/behaviours/evidence.rs::nothing");
        assert_eq!(missing, Err("no such test".to_owned()));
        let nowhere = sources.look_for("src/nowhere.rs::nothing").unwrap_err();
        assert!(nowhere.starts_with("can't be read"), "{nowhere}");
        assert!(sources.look_for("no colons").is_err());
    }
}
