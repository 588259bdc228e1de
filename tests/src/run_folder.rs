//! A folder per run, for logs, keys and databases.

use std::path::{Path, PathBuf};

/// A run's own folder. It is removed by [`RunFolder::remove`] only: what is
/// left after a failure is what one wants to look at.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
}

/// A run folder could not be made or removed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} the run folder {}: {source}", path.display())]
pub struct RunFolderError {
    action: &'static str,
    path: PathBuf,
    source: std::io::Error,
}

impl RunFolder {
    /// Creates `<parent>/<name>-<random>`, readable by its owner only, since it
    /// will hold keys.
    pub fn create(parent: &Path, name: &str) -> Result<Self, RunFolderError> {
        let random = uuid::Uuid::new_v4().simple().to_string();
        let path = parent.join(format!("{name}-{}", &random[..8]));
        create_private(&path).map_err(|source| RunFolderError {
            action: "create",
            path: path.clone(),
            source,
        })?;
        Ok(Self { path })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Creates a folder inside.
    pub fn subfolder(&self, name: &str) -> Result<PathBuf, RunFolderError> {
        let path = self.path.join(name);
        create_private(&path).map_err(|source| RunFolderError {
            action: "create",
            path: path.clone(),
            source,
        })?;
        Ok(path)
    }

    /// Removes it with all that is inside.
    pub fn remove(self) -> Result<(), RunFolderError> {
        std::fs::remove_dir_all(&self.path).map_err(|source| RunFolderError {
            action: "remove",
            path: self.path,
            source,
        })
    }
}

fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}
