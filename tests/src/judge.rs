//! The judges in tests/judges/ that are written in Python: each has a folder
//! with its modules and its `requirements.txt`, and a virtual environment in
//! the target folder, which `cargo xtask tools` makes.

use std::path::PathBuf;

use crate::binaries::{target_folder, workspace_root};
use crate::program::Program;

/// A judge's packages are not installed.
#[derive(Debug, thiserror::Error)]
#[error("{} is not there; install the judges with `cargo xtask tools`", python.display())]
pub struct JudgeMissing {
    python: PathBuf,
}

/// Where a judge's modules and samples are.
#[must_use]
pub fn folder(name: &str) -> PathBuf {
    workspace_root().join("tests/judges").join(name)
}

/// A judge's Python, which finds the judge's modules from anywhere and writes
/// nothing beside them.
pub fn python(name: &str) -> Result<Program, JudgeMissing> {
    let python = target_folder().join("python").join(name).join("bin/python");
    if !python.is_file() {
        return Err(JudgeMissing { python });
    }
    Ok(Program::new(python)
        .environment("PYTHONPATH", folder(name))
        .environment("PYTHONDONTWRITEBYTECODE", "1"))
}
