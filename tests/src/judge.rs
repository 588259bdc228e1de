//! The judges in tests/judges/: each has a folder with its own files, and one in
//! the target folder with what `cargo xtask judges` installs for it, a virtual
//! environment of Python or packages of npm.

use std::path::PathBuf;

use crate::binaries::{target_folder, workspace_root};
use crate::program::Program;

/// A judge's packages are not installed.
#[derive(Debug, thiserror::Error)]
#[error("{} is not there; install the judges with `cargo xtask judges`", program.display())]
pub struct JudgeMissing {
    program: PathBuf,
}

/// Where a judge's modules and samples are.
#[must_use]
pub fn folder(name: &str) -> PathBuf {
    workspace_root().join("tests/judges").join(name)
}

/// A command that one of a judge's packages installs.
pub fn command(judge: &str, name: &str) -> Result<Program, JudgeMissing> {
    let program = target_folder()
        .join("judges")
        .join(judge)
        .join("bin")
        .join(name);
    if !program.is_file() {
        return Err(JudgeMissing { program });
    }
    Ok(Program::new(program))
}

/// Where the packages of npm are that a judge consists of.
pub fn npm_packages(judge: &str) -> Result<PathBuf, JudgeMissing> {
    let program = target_folder()
        .join("judges")
        .join(judge)
        .join("node_modules");
    if program.is_dir() {
        Ok(program)
    } else {
        Err(JudgeMissing { program })
    }
}

/// A judge's Python, which finds the judge's modules from anywhere and writes
/// nothing beside them.
pub fn python(judge: &str) -> Result<Program, JudgeMissing> {
    Ok(command(judge, "python")?
        .environment("PYTHONPATH", folder(judge))
        .environment("PYTHONDONTWRITEBYTECODE", "1"))
}
