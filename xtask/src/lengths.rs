//! `cargo xtask lengths`: a source file fits in a head. Functions are clippy's
//! (`too-many-lines-threshold`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::chore::ChoreError;
use crate::workspace;

/// Lines that a source file may have.
const LIMIT: usize = 400;
const LANGUAGES: [&str; 9] = ["rs", "go", "js", "mjs", "cjs", "ts", "sh", "py", "css"];
/// Folders whose contents are not ours.
const FOREIGN: [&str; 4] = ["target", "node_modules", ".git", "vendor"];

/// A file that may be longer, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    path: PathBuf,
    lines: usize,
    reason: String,
}

/// Fails with every file that is too long, and every exception that isn't one.
pub(crate) fn run() -> Result<(), ChoreError> {
    let root = workspace::root();
    let list = root.join("xtask/lengths.yaml");
    let text = std::fs::read_to_string(&list).map_err(ChoreError::file("read", &list))?;
    let exceptions: Vec<Exception> = serde_norway::from_str(&text)
        .map_err(|error| ChoreError::refused(format_args!("{}: {error}", list.display())))?;
    let mut files = BTreeMap::new();
    measure(root, root, &mut files)?;
    let complaints = judge(&files, &exceptions);
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(ChoreError::refused(complaints.join("\nxtask: ")))
    }
}

/// Counts the lines of every source file below a folder.
fn measure(
    root: &Path,
    folder: &Path,
    files: &mut BTreeMap<PathBuf, usize>,
) -> Result<(), ChoreError> {
    let entries = std::fs::read_dir(folder).map_err(ChoreError::file("read", folder))?;
    for entry in entries {
        let entry = entry.map_err(ChoreError::file("read", folder))?;
        let path = entry.path();
        let kind = entry
            .file_type()
            .map_err(ChoreError::file("look at", &path))?;
        let foreign = FOREIGN.iter().any(|name| entry.file_name() == *name);
        if kind.is_dir() && !foreign {
            measure(root, &path, files)?;
        } else if kind.is_file() && is_source(&path) {
            let bytes = std::fs::read(&path).map_err(ChoreError::file("read", &path))?;
            let lines = String::from_utf8_lossy(&bytes).lines().count();
            files.insert(path.strip_prefix(root).unwrap_or(&path).to_owned(), lines);
        }
    }
    Ok(())
}

/// By its ending, or by the `#!` that makes it a script.
fn is_source(path: &Path) -> bool {
    use std::io::Read as _;
    if let Some(extension) = path.extension() {
        return LANGUAGES.iter().any(|language| extension == *language);
    }
    let mut start = [0; 2];
    std::fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut start))
        .is_ok_and(|()| start == *b"#!")
}

fn judge(files: &BTreeMap<PathBuf, usize>, exceptions: &[Exception]) -> Vec<String> {
    let too_long = files.iter().filter_map(|(path, lines)| {
        let exception = exceptions.iter().find(|exception| exception.path == *path);
        let limit = exception.map_or(LIMIT, |exception| exception.lines);
        (*lines > limit).then(|| {
            let path = path.display();
            format!("{path} has {lines} lines, more than {limit}: split it by idea")
        })
    });
    let idle = exceptions.iter().filter_map(|exception| {
        let path = exception.path.display();
        if exception.reason.trim().is_empty() {
            return Some(format!("xtask/lengths.yaml: {path} has no reason"));
        }
        match files.get(&exception.path) {
            Some(lines) if *lines > LIMIT => None,
            _ => Some(format!("xtask/lengths.yaml: {path} needs no exception")),
        }
    });
    too_long.chain(idle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exception(path: &str, lines: usize, reason: &str) -> Exception {
        Exception {
            path: path.into(),
            lines,
            reason: reason.to_owned(),
        }
    }

    fn files(list: &[(&str, usize)]) -> BTreeMap<PathBuf, usize> {
        list.iter()
            .map(|(path, lines)| (PathBuf::from(path), *lines))
            .collect()
    }

    #[test]
    fn a_file_at_the_limit_passes_and_one_line_more_does_not() {
        let complaints = judge(&files(&[("a.rs", 400), ("b.rs", 401)]), &[]);
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].starts_with("b.rs has 401 lines"));
    }

    #[test]
    fn an_exception_lets_a_file_grow_to_its_own_limit() {
        let exceptions = [exception("a.rs", 450, "a table")];
        assert!(judge(&files(&[("a.rs", 450)]), &exceptions).is_empty());
        assert_eq!(judge(&files(&[("a.rs", 451)]), &exceptions).len(), 1);
    }

    #[test]
    fn an_exception_must_be_needed_and_reasoned() {
        let short = judge(
            &files(&[("a.rs", 10)]),
            &[exception("a.rs", 450, "a table")],
        );
        assert!(short[0].contains("needs no exception"));
        let silent = judge(&files(&[("a.rs", 410)]), &[exception("a.rs", 450, " ")]);
        assert!(silent[0].contains("has no reason"));
    }
}
