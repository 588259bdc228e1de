//! What must be installed before anything is built, checked first and told in
//! one line each.

use std::process::{Command, Stdio};

use crate::chore::ChoreError;

/// A program that must answer, and what to do when it doesn't.
struct Prerequisite {
    what: &'static str,
    /// Any of these commands will do.
    commands: &'static [&'static [&'static str]],
    remedy: &'static str,
}

const PREREQUISITES: [Prerequisite; 7] = [
    Prerequisite {
        what: "the Rust toolchain of rust-toolchain.toml, with rustfmt and clippy",
        commands: &[&["cargo", "clippy", "--version"]],
        remedy: "install it with rustup (rustup.rs)",
    },
    Prerequisite {
        what: "Go 1.26 or newer",
        commands: &[&["go", "version"]],
        remedy: "install it from go.dev/dl",
    },
    Prerequisite {
        what: "Node.js",
        commands: &[&["node", "--version"]],
        remedy: "install version 20 or newer (nodejs.org, or your distribution's package)",
    },
    Prerequisite {
        what: "npm",
        commands: &[&["npm", "--version"]],
        remedy: "install it; it comes with Node.js or as your distribution's package npm",
    },
    Prerequisite {
        what: "Python 3.10 or newer, with venv",
        commands: &[&[
            "python3",
            "-c",
            "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))",
        ]],
        remedy: "install it as python3 (python.org, or your distribution's packages; Debian: python3 and python3-venv)",
    },
    Prerequisite {
        what: "a C compiler",
        commands: &[
            &["cc", "--version"],
            &["clang", "--version"],
            &["gcc", "--version"],
        ],
        remedy: "install gcc or clang, so that `cc` runs (Debian: build-essential)",
    },
    Prerequisite {
        what: "make",
        commands: &[&["make", "--version"]],
        remedy: "install GNU make",
    },
];

/// Fails with a line for each thing that is missing.
pub(crate) fn check() -> Result<(), ChoreError> {
    let missing: Vec<String> = PREREQUISITES
        .iter()
        .filter(|wanted| !wanted.commands.iter().any(|command| answers(command)))
        .map(|wanted| format!("missing: {}: {}", wanted.what, wanted.remedy))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(ChoreError::refused(missing.join("\nxtask: ")))
    }
}

/// Whether a command runs and exits with success.
fn answers(command: &[&str]) -> bool {
    let Some((program, arguments)) = command.split_first() else {
        return false;
    };
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
