//! Where things are.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace's root folder: the parent of this crate's.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The target folder, which cargo lets a user move.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The cargo that runs this chore.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root());
    // What `cargo run` tells this program about itself. Build scripts that look
    // at the same variables (ring's) would run again, and much be compiled
    // again, whenever cargo is called by a chore after it was called by hand.
    let own = std::env::vars_os().map(|(name, _)| name);
    for name in own.filter(|name| tells_of_this_package(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command
}

fn tells_of_this_package(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_"]
        .iter()
        .any(|prefix| variable.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::cargo;

    /// Cargo sets them for tests too.
    #[test]
    fn cargo_is_not_told_of_this_package() {
        assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
        let command = cargo();
        let mut removed = command.get_envs().filter(|(_, value)| value.is_none());
        assert!(removed.any(|(name, _)| name == "CARGO_PKG_NAME"));
    }
}
