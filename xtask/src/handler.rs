//! `cargo xtask handler`: the deployable function.

use crate::chore::ChoreError;

/// Builds `target/handler/handler.zip`.
pub(crate) fn run() -> Result<(), ChoreError> {
    Err(ChoreError::refused(
        "the handler's build is not written yet",
    ))
}
