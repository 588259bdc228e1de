//! More of what a state has, for who measures a cloud with many chats: making
//! each of them takes a second of two processors, copying one takes a
//! millisecond.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{StateError, StateFolder, Store};

/// What is copied, when it has one of the texts that a copy has others for.
const KINDS: [&str; 10] = [
    "access-binding",
    ARCHIVE,
    "account",
    "begun-trigger",
    "database",
    "function",
    "gateway",
    "tag-record",
    "trigger",
    "version",
];

/// The archives of functions' versions, by the versions' ids.
const ARCHIVE: &str = "archive";

/// What makes a copy another thing: texts, and what the copy has instead. A text
/// and its other one must have the same length if tables or topics have it.
pub type Renaming = Vec<(String, String)>;

/// A record: its id and its body.
type Record = (String, String);

/// Adds copies of everything in the state that has the texts of a renaming; each
/// version of a copy has `archive` for its code. No emulator may use the state.
///
/// # Errors
/// See [`StateError`].
pub fn add_copies(folder: &Path, archive: &[u8], copies: &[Renaming]) -> Result<(), StateError> {
    let state = StateFolder::open(folder)?;
    let store = state.store();
    let archive = serde_json::Value::from(STANDARD.encode(archive)).to_string();
    store.execute("BEGIN");
    for kind in KINDS {
        let originals = store.raw(kind, kind != ARCHIVE)?;
        let mut last = last_number(&originals);
        for renaming in copies {
            for (id, body) in &originals {
                let copy = (renamed(id, renaming), renamed(body, renaming));
                if copy == (id.clone(), body.clone()) {
                    continue;
                }
                let (mut new_id, new_body) = copy;
                if new_id == *id {
                    last += 1;
                    new_id = format!("{last:020}");
                }
                let new_body = if kind == ARCHIVE { &archive } else { &new_body };
                store.insert_raw(kind, &new_id, new_body)?;
            }
        }
    }
    store.execute("COMMIT");
    for renaming in copies {
        copy_files(state.path(), renaming)?;
    }
    Ok(())
}

/// Copies the files of databases.
fn copy_files(folder: &Path, renaming: &[(String, String)]) -> Result<(), StateError> {
    for (text, other) in renaming {
        for ending in [".sqlite", "-topics.sqlite"] {
            let original = folder.join(format!("{text}{ending}"));
            if original.exists() {
                let copy = folder.join(format!("{other}{ending}"));
                copy_file(&original, &copy, renaming)?;
            }
        }
    }
    Ok(())
}

/// Of records that are numbered; 0 of others.
fn last_number(records: &[Record]) -> u64 {
    let numbers = records.iter().filter_map(|(id, _)| id.parse().ok());
    numbers.max().unwrap_or_default()
}

/// A text as a copy has it.
#[must_use]
pub fn renamed(text: &str, renaming: &[(String, String)]) -> String {
    let rename = |text: String, (from, to): &(String, String)| text.replace(from, to);
    renaming.iter().fold(text.to_owned(), rename)
}

/// Texts of the same length keep the places of everything in a file of SQLite;
/// and so does the order of rows, as all paths in one begin alike.
fn copy_file(from: &Path, to: &Path, renaming: &[(String, String)]) -> Result<(), StateError> {
    let failed = |source| StateError::Folder {
        path: from.to_owned(),
        source,
    };
    let mut bytes = fs::read(from).map_err(failed)?;
    for (text, other) in renaming {
        if text.len() == other.len() {
            replace(&mut bytes, text.as_bytes(), other.as_bytes());
        }
    }
    fs::write(to, bytes).map_err(failed)
}

fn replace(bytes: &mut [u8], text: &[u8], other: &[u8]) {
    let mut at = 0;
    while let Some(rest) = bytes.get_mut(at..at + text.len()) {
        if rest == text {
            rest.copy_from_slice(other);
        }
        at += 1;
    }
}

impl Store {
    /// The records of a kind as they are; without their bodies when those don't
    /// matter.
    fn raw(&self, kind: &str, bodies: bool) -> Result<Vec<Record>, StateError> {
        let Some(file) = self.file() else {
            return Ok(Vec::new());
        };
        let body = if bodies { "CAST(body AS TEXT)" } else { "''" };
        let sql = format!("SELECT id, {body} FROM records WHERE kind = ?1");
        let mut statement = file.prepare(&sql).map_err(StateError::Read)?;
        let found = statement.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)));
        found.and_then(Iterator::collect).map_err(StateError::Read)
    }

    fn insert_raw(&self, kind: &str, id: &str, body: &str) -> Result<(), StateError> {
        let Some(file) = self.file() else {
            return Ok(());
        };
        let sql = "INSERT INTO records VALUES (?1, ?2, ?3)";
        let mut statement = file.prepare_cached(sql).map_err(StateError::Read)?;
        let inserted = statement.execute((kind, id, body.as_bytes()));
        inserted.map(drop).map_err(StateError::Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(store: &Store, kind: &str) -> Vec<Record> {
        store.raw(kind, true).unwrap()
    }

    #[test]
    fn what_has_a_text_is_there_once_more_with_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path()).unwrap();
        for (kind, id, body) in [
            ("function", "f1", r#"{"id":"f1","name":"lobby"}"#),
            ("function", "g1", r#"{"id":"g1","name":"another"}"#),
            ("tag-record", "00000000000000000007", r#"{"function":"f1"}"#),
            ("archive", "v1", r#""code""#),
            ("operation", "o1", r#"{"function":"f1"}"#),
        ] {
            state.store().insert_raw(kind, id, body).unwrap();
        }
        fs::write(folder.path().join("f1.sqlite"), "\0f1\0f1/lobby").unwrap();
        drop(state);

        let pairs = [("f1", "f2"), ("v1", "v2"), ("\"lobby\"", "\"hall\"")];
        let renaming = pairs.map(|(from, to)| (from.to_owned(), to.to_owned()));
        add_copies(folder.path(), b"zip", &[renaming.to_vec()]).unwrap();

        let state = StateFolder::open(folder.path()).unwrap();
        let copy = r#"{"id":"f2","name":"hall"}"#;
        assert!(all(state.store(), "function").contains(&("f2".to_owned(), copy.to_owned())));
        assert_eq!(all(state.store(), "function").len(), 3);
        let numbered = (
            "00000000000000000008".to_owned(),
            r#"{"function":"f2"}"#.to_owned(),
        );
        assert!(all(state.store(), "tag-record").contains(&numbered));
        let archive = ("v2".to_owned(), r#""emlw""#.to_owned());
        assert!(all(state.store(), "archive").contains(&archive));
        assert_eq!(
            all(state.store(), "operation").len(),
            1,
            "nothing under way is copied"
        );
        let file = fs::read(folder.path().join("f2.sqlite")).unwrap();
        assert_eq!(file, b"\0f2\0f2/lobby");
    }
}
