//! `cargo xtask image`: the operator's OCI image as an archive, made without a
//! container engine: the binary, the shared libraries and the loader that it
//! needs, root certificates and the handler's zip. Equal inputs make equal bytes.

mod archive;
mod contents;
mod verify;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::process::Command;

use crate::chore::{ChoreError, run as run_command, say};
use crate::lock::Lock;
use crate::{handler, workspace};

/// How to make the image.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where to write the archive [default: target/image/wschat-operator-VERSION.tar]
    #[arg(long)]
    output: Option<PathBuf>,
    /// What the image is called
    #[arg(long, default_value = concat!("localhost/wschat-operator:", env!("CARGO_PKG_VERSION")))]
    reference: String,
}

/// Builds, writes and reads back.
pub(crate) fn run(options: &Options) -> Result<(), ChoreError> {
    handler::run()?;
    let folder = workspace::target().join("image");
    let _lock = Lock::take(&folder)?;
    say("building the operator for release (about 4 minutes the first time)");
    let build = folder.join("build");
    run_command(&mut operator_build(&build))?;
    let binary = build.join("release/wschat-operator");
    let zip = workspace::target().join("handler/handler.zip");
    let output = options.output.clone().unwrap_or_else(|| {
        folder.join(concat!(
            "wschat-operator-",
            env!("CARGO_PKG_VERSION"),
            ".tar"
        ))
    });

    let image = archive::image(&contents::of(&binary, &zip)?, &options.reference)?;
    let unfinished = output.with_extension("unfinished");
    std::fs::write(&unfinished, &image.bytes).map_err(ChoreError::file("write", &unfinished))?;
    std::fs::rename(&unfinished, &output).map_err(ChoreError::file("rename", &unfinished))?;

    let read_back = verify::read(&output)?;
    let scratch = tempfile::tempdir().map_err(ChoreError::file("create", "a scratch folder"))?;
    verify::run_entrypoint(&read_back, scratch.path(), &["--help"])?;
    println!("{} {}", output.display(), image.digest);
    Ok(())
}

/// A release build in a folder of its own, without this machine's paths.
fn operator_build(folder: &std::path::Path) -> Command {
    let mut flags = vec![format!(
        "--remap-path-prefix={}=.",
        workspace::root().display()
    )];
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    if let Some(home) = home {
        flags.push(format!("--remap-path-prefix={}=cargo", home.display()));
    }
    let mut command = workspace::cargo();
    command
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .args(["build", "--release", "--locked", "--quiet"])
        .args([
            "-p",
            "wschat-operator",
            "--bin",
            "wschat-operator",
            "--target-dir",
        ])
        .arg(folder);
    command
}
