//! promtool judges the chart's alerts. Built from source it takes minutes, so
//! it is taken out of Debian's package `prometheus`, which isn't installed for
//! that: nobody wants the server.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::chore::{ChoreError, capture, say};

const PACKAGE: &str = "prometheus";
/// Where it is in the package.
const MEMBER: &str = "usr/bin/promtool";

/// Puts promtool into `folder`, unless it is there. A system without Debian's
/// packages goes without, and the trial that needs it says so.
pub(super) fn install(folder: &Path) -> Result<(), ChoreError> {
    let program = folder.join("promtool");
    if program.exists() {
        return Ok(());
    }
    let room = folder.join("promtool.unpacked");
    if room.exists() {
        std::fs::remove_dir_all(&room).map_err(ChoreError::file("remove", &room))?;
    }
    std::fs::create_dir_all(&room).map_err(ChoreError::file("create", &room))?;
    say("fetching promtool out of Debian's package prometheus (20 MB)");
    match unpack(&room) {
        Ok(unpacked) => {
            std::fs::rename(&unpacked, &program).map_err(ChoreError::file("move", &unpacked))?;
        }
        Err(error) => say(format_args!("going without promtool: {error}")),
    }
    std::fs::remove_dir_all(&room).map_err(ChoreError::file("remove", &room))
}

/// The program, out of the package that the system's lists name.
fn unpack(room: &Path) -> Result<PathBuf, ChoreError> {
    capture(
        Command::new("apt-get")
            .current_dir(room)
            .args(["download", PACKAGE]),
    )?;
    let files = std::fs::read_dir(room).map_err(ChoreError::file("read", room))?;
    let package = files
        .filter_map(|file| Some(file.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .ok_or_else(|| ChoreError::refused("apt-get downloaded no package"))?;
    let program = room.join(MEMBER);
    capture(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(&package)
            .arg(room),
    )?;
    Ok(program)
}
