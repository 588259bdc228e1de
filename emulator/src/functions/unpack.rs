//! Unpacks an uploaded archive and finds its handler.

use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::Status;

/// Largest inline archive in bytes (3.5 MB, reference §3.4).
pub(super) const MAX_ARCHIVE: usize = 3_670_016;

/// Most bytes an archive may unpack to (680 MB, reference §3.4).
const MAX_UNPACKED: u64 = 680 << 20;

/// Extensions that Node.js takes for `index` in `index.handler`.
const EXTENSIONS: [&str; 3] = ["js", "cjs", "mjs"];

/// Why an archive is no good.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnpackError {
    #[error("the archive has {0} bytes, inline content may have {MAX_ARCHIVE}; make it smaller")]
    ArchiveTooLarge(usize),
    #[error("the content isn't a zip archive: {0}")]
    NotAnArchive(ZipError),
    #[error("the archive's entry {0} points outside of it; remove the entry")]
    Outside(String),
    #[error("the archive's entry {0} is a symbolic link, which isn't supported; pack the file")]
    Link(String),
    #[error("the archive unpacks to more than {MAX_UNPACKED} bytes; make it smaller")]
    TooLarge,
    #[error("the archive's entry {name} can't be read: {reason}")]
    Entry { name: String, reason: String },
    #[error("the entrypoint {0} must be FILE.FUNCTION, for example index.handler")]
    Entrypoint(String),
    #[error("the archive has no {0}.js for the entrypoint; add the file or change the entrypoint")]
    NoSuchFile(String),
    #[error("can't write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
}

impl From<UnpackError> for Status {
    fn from(error: UnpackError) -> Self {
        match error {
            UnpackError::Write { .. } => Self::internal(error.to_string()),
            _ => Self::invalid_argument(error.to_string()),
        }
    }
}

/// Where the handler of an unpacked archive is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Handler {
    /// The file.
    pub(super) file: PathBuf,
    /// The name that it exports.
    pub(super) export: String,
}

/// Unpacks into `folder`, which it makes. Blocks.
pub(super) fn unpack(archive: &[u8], folder: &Path) -> Result<(), UnpackError> {
    if archive.len() > MAX_ARCHIVE {
        return Err(UnpackError::ArchiveTooLarge(archive.len()));
    }
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(UnpackError::NotAnArchive)?;
    fs::create_dir_all(folder).map_err(|source| write_error(folder, source))?;
    let mut room = MAX_UNPACKED;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(UnpackError::NotAnArchive)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let Some(relative) = entry.enclosed_name() else {
            return Err(UnpackError::Outside(name));
        };
        if entry.is_symlink() {
            return Err(UnpackError::Link(name));
        }
        let target = folder.join(relative);
        if entry.is_dir() {
            fs::create_dir_all(&target).map_err(|source| write_error(&target, source))?;
            continue;
        }
        let mode = entry.unix_mode();
        let written = write(&mut entry, &name, &target, room)?;
        room -= written;
        set_mode(&target, mode)?;
    }
    Ok(())
}

/// Sizes in the archive may lie, so what comes out is counted.
fn write(entry: &mut impl Read, name: &str, target: &Path, room: u64) -> Result<u64, UnpackError> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(|source| write_error(parent, source))?;
    }
    let mut file = File::create(target).map_err(|source| write_error(target, source))?;
    let mut limited = entry.take(room + 1);
    let written = io::copy(&mut limited, &mut file).map_err(|error| UnpackError::Entry {
        name: name.to_owned(),
        reason: error.to_string(),
    })?;
    if written > room {
        Err(UnpackError::TooLarge)
    } else {
        Ok(written)
    }
}

/// Executable bits are kept (a guess: the cloud doesn't document them).
fn set_mode(target: &Path, mode: Option<u32>) -> Result<(), UnpackError> {
    let mode = mode.map_or(0o644, |mode| (mode & 0o755) | 0o600);
    fs::set_permissions(target, fs::Permissions::from_mode(mode))
        .map_err(|source| write_error(target, source))
}

fn write_error(path: &Path, source: io::Error) -> UnpackError {
    UnpackError::Write {
        path: path.to_owned(),
        source,
    }
}

/// Finds the file of an entrypoint like `index.handler`.
pub(super) fn find_handler(folder: &Path, entrypoint: &str) -> Result<Handler, UnpackError> {
    let (module, export) = entrypoint
        .rsplit_once('.')
        .filter(|(module, export)| !module.is_empty() && !export.is_empty())
        .filter(|(module, _)| {
            !module.starts_with('/') && !module.split('/').any(|part| part == "..")
        })
        .ok_or_else(|| UnpackError::Entrypoint(entrypoint.to_owned()))?;
    let files = EXTENSIONS
        .iter()
        .map(|extension| folder.join(format!("{module}.{extension}")));
    files
        .into_iter()
        .find(|file| file.is_file())
        .map(|file| Handler {
            file,
            export: export.to_owned(),
        })
        .ok_or_else(|| UnpackError::NoSuchFile(module.to_owned()))
}
