//! Why a state can't be used.

use std::path::PathBuf;

/// The folder of `--state` is no good.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another emulator has it.
    #[error(
        "the state in {folder} is in use by another emulator (process {process}); stop it, or \
         choose another folder with --state"
    )]
    Locked {
        /// Which folder.
        folder: PathBuf,
        /// Who says that it has it.
        process: String,
    },
    /// There is something else in it.
    #[error(
        "{folder} isn't empty and holds no state of yc-emulator; choose an empty or a new folder \
         with --state"
    )]
    Foreign {
        /// Which folder.
        folder: PathBuf,
    },
    /// It was written by an older or newer emulator.
    #[error(
        "the state in {folder} has format {found}, and this yc-emulator reads format {known} \
         only; use the yc-emulator that wrote it, or choose another folder with --state"
    )]
    Format {
        /// Which folder.
        folder: PathBuf,
        /// Its format.
        found: i32,
        /// Ours.
        known: i32,
    },
    /// Its folders aren't those of the command line.
    #[error(
        "the state has the cloud's folders {had}, and --folder-id leaves out {missing}; give all \
         of them, or leave --folder-id out, or choose another folder with --state"
    )]
    Folders {
        /// Those of the state.
        had: String,
        /// Those that weren't given.
        missing: String,
    },
    /// The operating system refuses something.
    #[error(
        "can't use {path} for --state: {source}; choose a folder that may be written, or one that can be made"
    )]
    Folder {
        /// What.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite refuses something.
    #[error("can't read the state: {0}; choose another folder with --state")]
    Read(#[source] rusqlite::Error),
    /// A record isn't understood.
    #[error("can't read {kind} {id} of the state: {source}; choose another folder with --state")]
    Record {
        /// Its kind.
        kind: String,
        /// Its id.
        id: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A service can't go on with what it had.
    #[error("can't bring back {what} of the state: {reason}")]
    Service {
        /// Which one.
        what: String,
        /// Why, and what to do.
        reason: String,
    },
}
