//! Remembers from what an output was built, so that it is built once.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::chore::ChoreError;

/// A hash over everything that an output depends on.
#[derive(Default)]
pub(crate) struct Ingredients(Sha256);

impl Ingredients {
    /// Adds a value, as a version.
    pub(crate) fn value(mut self, value: &str) -> Self {
        self.0.update((value.len() as u64).to_le_bytes());
        self.0.update(value);
        self
    }

    /// Adds a file's contents.
    pub(crate) fn file(self, path: &Path) -> Result<Self, ChoreError> {
        let bytes = std::fs::read(path).map_err(ChoreError::file("read", path))?;
        Ok(self.value(&hexadecimal(&Sha256::digest(bytes))))
    }

    /// The hash of all that was added, in their order.
    pub(crate) fn hash(self) -> String {
        hexadecimal(&self.0.finalize())
    }
}

/// Lower-case hexadecimal, as digests are written.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

/// The note beside an output that says what it was built from.
pub(crate) struct Stamp {
    output: PathBuf,
    note: PathBuf,
    hash: String,
}

impl Stamp {
    /// For `output`, wanted as built from ingredients with this hash.
    pub(crate) fn new(output: &Path, hash: String) -> Self {
        let mut note = output.as_os_str().to_owned();
        note.push(".built-from");
        Self {
            output: output.to_path_buf(),
            note: note.into(),
            hash,
        }
    }

    /// Whether the output is there and built from just these.
    pub(crate) fn is_fresh(&self) -> bool {
        self.output.exists()
            && std::fs::read_to_string(&self.note).is_ok_and(|built_from| built_from == self.hash)
    }

    /// Notes that the output is now built. Call after it is renamed into place.
    pub(crate) fn write(&self) -> Result<(), ChoreError> {
        std::fs::write(&self.note, &self.hash).map_err(ChoreError::file("write", &self.note))
    }

    /// Forgets the note, so that a build cut short is not taken for done.
    pub(crate) fn clear(&self) -> Result<(), ChoreError> {
        match std::fs::remove_file(&self.note) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(ChoreError::file("remove", &self.note)(error))
            }
            _ => Ok(()),
        }
    }
}
