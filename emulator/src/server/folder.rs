//! Where everything is kept: in the folder of `--state`, or in one that is gone
//! with the emulator.

use std::path::Path;

use crate::args::Args;
use crate::store::{StateError, StateFolder, Store};

use super::StartError;

/// Where the folders of the cloud are kept.
const FOLDERS: &str = "folders";
/// Where it is kept how often the state was used.
const STARTS: &str = "starts";

/// A folder for data.
#[derive(Debug)]
pub(super) enum Folder {
    /// Removed when this is dropped.
    Temporary {
        folder: tempfile::TempDir,
        store: Store,
    },
    /// Stays.
    State(StateFolder),
}

impl Folder {
    pub(super) fn open(args: &Args) -> Result<Self, StartError> {
        match &args.state {
            Some(path) => Ok(Self::State(StateFolder::open(path)?)),
            None => Ok(Self::Temporary {
                folder: tempfile::tempdir().map_err(StartError::Directory)?,
                store: Store::default(),
            }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Temporary { folder, .. } => folder.path(),
            Self::State(state) => state.path(),
        }
    }

    pub(super) fn store(&self) -> &Store {
        match self {
            Self::Temporary { store, .. } => store,
            Self::State(state) => state.store(),
        }
    }
}

/// The cloud's folders: those of the state and those of the command line, which
/// must not leave one of the state's out. Neither knows any: the default.
pub(super) fn folders(store: &Store, given: &[String]) -> Result<Vec<String>, StateError> {
    let had = store.kept(FOLDERS)?.unwrap_or_default();
    let folders = reconciled(had, given)?;
    store.keep(FOLDERS, &folders);
    Ok(folders)
}

fn reconciled(had: Vec<String>, given: &[String]) -> Result<Vec<String>, StateError> {
    if given.is_empty() {
        let default = || vec![crate::args::DEFAULT_FOLDER.to_owned()];
        return Ok(if had.is_empty() { default() } else { had });
    }
    let missing = had.iter().filter(|folder| !given.contains(folder));
    let missing: Vec<&str> = missing.map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(given.to_vec());
    }
    Err(StateError::Folders {
        had: had.join(", "),
        missing: missing.join(", "),
    })
}

/// What ids start from. A seed makes a run repeatable; the next one on the same
/// state must not make the same ids again.
pub(super) fn seed(store: &Store, given: Option<u64>) -> Result<u64, StateError> {
    let starts: u64 = store.kept(STARTS)?.unwrap_or_default();
    store.keep(STARTS, &starts.wrapping_add(1));
    Ok(given.map_or_else(rand::random, |seed| seed.wrapping_add(starts)))
}

#[cfg(test)]
mod tests {
    use super::{reconciled, seed};
    use crate::store::StateFolder;

    fn folders(had: &[&str], given: &[&str]) -> Result<Vec<String>, String> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let given: Vec<String> = owned(given);
        reconciled(owned(had), &given).map_err(|error| error.to_string())
    }

    #[test]
    fn folders_can_be_added_and_none_left_out() {
        assert_eq!(folders(&[], &[]).unwrap(), ["b1gemulator000000000"]);
        assert_eq!(folders(&["a", "b"], &[]).unwrap(), ["a", "b"]);
        assert_eq!(folders(&["a"], &["b", "a"]).unwrap(), ["b", "a"]);
        let error = folders(&["a", "b"], &["a", "c"]).unwrap_err();
        assert!(error.contains("folders a, b"), "{error}");
        assert!(error.contains("leaves out b;"), "{error}");
    }

    #[test]
    fn a_seed_never_gives_the_same_ids_twice_on_a_state() {
        let folder = tempfile::tempdir().unwrap();
        let seeds: Vec<u64> = (0..3)
            .map(|_| {
                let state = StateFolder::open(folder.path()).unwrap();
                seed(state.store(), Some(7)).unwrap()
            })
            .collect();
        assert_eq!(seeds, [7, 8, 9]);
    }
}
