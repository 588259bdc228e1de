//! One at a time: two `make` runs may build the same thing at once.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::chore::{ChoreError, say};

/// Holds a build step's lock until dropped, or until this process ends.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock `<folder>/.lock`, and says so when it has to.
    pub(crate) fn take(folder: &Path) -> Result<Self, ChoreError> {
        std::fs::create_dir_all(folder).map_err(ChoreError::file("create", folder))?;
        let path = folder.join(".lock");
        let file = File::create(&path).map_err(ChoreError::file("create", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                say(format_args!(
                    "another run builds {}; waiting for it",
                    folder.display()
                ));
                file.lock().map_err(ChoreError::file("lock", &path))?;
            }
            Err(TryLockError::Error(source)) => {
                return Err(ChoreError::file("lock", &path)(source));
            }
        }
        Ok(Self { _file: file })
    }
}
