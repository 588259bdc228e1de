//! Texts that a person has read and approved: what a program says is compared
//! with the file, and a difference is shown.

pub mod mask;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The variable that lets a run write the files anew, with the value `write`.
pub const VARIABLE: &str = "WSCHAT_GOLDEN";

/// Whether this run writes the files instead of comparing with them.
#[must_use]
pub fn writes() -> bool {
    std::env::var(VARIABLE).is_ok_and(|value| value == "write")
}

/// A folder of approved texts.
#[derive(Debug, Clone)]
pub struct Golden {
    folder: PathBuf,
}

impl Golden {
    /// The texts in this folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
        }
    }

    /// Where the text of this name is.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.txt"))
    }

    /// The text of this name, if there is one.
    #[must_use]
    pub fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.path(name)).ok()
    }

    /// Approves a text.
    pub fn write(&self, name: &str, text: &str) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        std::fs::write(self.path(name), text)
    }

    /// The names of all texts, in order.
    pub fn names(&self) -> std::io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let is_text = path.extension().is_some_and(|extension| extension == "txt");
            if let Some(stem) = path.file_stem().filter(|_| is_text) {
                names.push(stem.to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// What differs from the approved text, for a reader; nothing if nothing does.
    #[must_use]
    pub fn difference(&self, name: &str, now: &str) -> Option<String> {
        let path = self.path(name);
        let Some(approved) = self.read(name) else {
            return Some(format!("{} isn't there\n", path.display()));
        };
        let lines = difference(&approved, now)?;
        Some(format!(
            "{} (-), and what is said now (+):\n{lines}",
            path.display()
        ))
    }
}

/// Lines around a difference that are shown with it.
const CONTEXT: usize = 2;

/// The lines that differ, with `-` and `+` as `diff -u` has them, and their
/// neighbours; nothing if the texts are the same (pure).
#[must_use]
pub fn difference(old: &str, new: &str) -> Option<String> {
    if old == new {
        return None;
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let script = script(&old, &new);
    let is_near = |at: usize| {
        let from = at.saturating_sub(CONTEXT);
        let near = &script[from..(at + CONTEXT + 1).min(script.len())];
        near.iter().any(|(sign, _)| *sign != ' ')
    };
    let mut text = String::new();
    let mut skipped = false;
    for (at, (sign, line)) in script.iter().enumerate() {
        if is_near(at) {
            if skipped {
                text.push_str("  …\n");
            }
            // Writing into a String cannot fail.
            let _ = writeln!(text, "{sign} {line}");
        }
        skipped = !is_near(at);
    }
    if text.is_empty() {
        text.push_str("  the ends of lines\n");
    }
    Some(text)
}

/// All lines of both, each with what became of it, by a longest common
/// subsequence.
fn script<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for (i, one) in old.iter().enumerate().rev() {
        for (j, other) in new.iter().enumerate().rev() {
            common[i][j] = if one == other {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut script = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            script.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            script.push(('-', old[i]));
            i += 1;
        } else {
            script.push(('+', new[j]));
            j += 1;
        }
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_what_went_and_what_came_with_its_neighbours() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let new = "a\nb\nc\nd\nE\nf\ng\nh\ni\n";
        let told = difference(old, new).unwrap();
        assert_eq!(told, "  …\n  c\n  d\n- e\n+ E\n  f\n  g\n  h\n+ i\n");
        assert_eq!(difference(old, old), None);
        assert_eq!(difference("a", "a\n").unwrap(), "  the ends of lines\n");
    }

    #[test]
    fn what_is_far_from_a_difference_is_left_out() {
        let lines: Vec<String> = (0..20).map(|line| line.to_string()).collect();
        let old = lines.join("\n");
        let new = old
            .replace("\n3\n", "\nthree\n")
            .replace("\n17\n", "\nseventeen\n");
        let told = difference(&old, &new).unwrap();
        assert!(told.contains("- 3\n") && told.contains("  …\n"), "{told}");
        assert!(!told.contains("  9\n"), "{told}");
    }
}
