//! The last trial: everything that the others asked their clouds, and what these
//! answered, fits the official API descriptors.
//!
//! It judges the files that emulators leave when they stop, so it runs after
//! all others. The operator and the emulator share their model types: nothing
//! else here would notice a field or a path that the cloud doesn't have.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Conclusion, Failed, Trial};
use wschat_tests::binaries::workspace_root;
use wschat_tests::emulator::{KEY, RECORDS};
use wschat_tests::judge;

use crate::suite::{Handle, Scene};

/// Whether every call that the operator makes must have been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// All trials ran and passed.
    Whole,
    /// Some were left out or failed.
    Part,
}

/// The trial itself.
pub(crate) fn trial(suite: &Handle, coverage: Coverage) -> Trial {
    suite.trial(
        "recorded traffic fits the official descriptors",
        move |scene| fits(scene, coverage),
    )
}

/// Runs the trial on what the others left; there may be nothing after a run of
/// some trials only.
pub(crate) fn judge(arguments: &Arguments, suite: &Handle, all_passed: bool) -> Conclusion {
    let is_part = arguments.filter.is_some() || !arguments.skip.is_empty() || arguments.ignored;
    let coverage = if all_passed && !is_part {
        Coverage::Whole
    } else {
        Coverage::Part
    };
    let nothing = coverage == Coverage::Part
        && suite
            .run_folder()
            .is_none_or(|folder| has_no_calls(folder).unwrap_or(false));
    let trials = if nothing {
        Vec::new()
    } else {
        vec![trial(suite, coverage)]
    };
    let arguments = Arguments {
        filter: None,
        skip: Vec::new(),
        ignored: false,
        ..arguments.clone()
    };
    libtest_mimic::run(&arguments, trials)
}

async fn fits(scene: Scene, coverage: Coverage) -> Result<(), Failed> {
    let folder = scene.run_folder();
    let records = ending(folder, RECORDS)?;
    let mut arguments: Vec<OsString> = vec!["-m".into(), "judge".into()];
    if coverage == Coverage::Whole {
        all_left_records(folder, &records)?;
        arguments.extend(["--workspace".into(), workspace_root().into()]);
    }
    arguments.extend(records.into_iter().map(Into::into));
    let output = judge::python("descriptors")?.output(arguments, "").await?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{}{}", output.stdout, output.stderr).into())
    }
}

/// Whether no emulator was asked anything.
fn has_no_calls(folder: &Path) -> std::io::Result<bool> {
    for file in ending(folder, RECORDS)? {
        if file.metadata()?.len() > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Fails with the emulators of passed trials that were not stopped but dropped.
fn all_left_records(folder: &Path, records: &[PathBuf]) -> Result<(), Failed> {
    for key in ending(folder, KEY)? {
        let name = key.to_string_lossy().replace(KEY, RECORDS);
        if !records.contains(&PathBuf::from(&name)) {
            return Err(format!("{name} is missing: its trial must stop its emulator").into());
        }
    }
    Ok(())
}

/// The files below a folder whose names end so, in order.
fn ending(folder: &Path, end: &str) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name().to_string_lossy().ends_with(end) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
