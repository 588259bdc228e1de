//! `cargo xtask handler`: the deployable function, `target/handler/handler.zip`,
//! and for benchmarks one of the same sources with another feature.
//!
//! Equal sources give equal bytes, wherever the clone, cargo's home and the
//! toolchain are: their paths are cut out of the library, and the archive has
//! fixed times, order and permissions.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::chore::{ChoreError, capture, run as run_command, say};
use crate::lock::Lock;
use crate::stamp::{Ingredients, Stamp, hexadecimal};
use crate::workspace;

mod archive;
mod c_library;

/// What the archive may have, in bytes: every cold start loads it. A request
/// that carries it could hold 3,670,016 (proto serverless/functions/v1,
/// `CreateFunctionVersionRequest.content`).
const MOST_BYTES: usize = 2 << 20;

/// Equal functions become one. Only the linker that rustc brings along knows
/// how, and on this architecture alone does rustc use it; the functions service
/// has no other.
#[cfg(target_arch = "x86_64")]
const FOLDING: [&str; 1] = ["-Clink-arg=-Wl,--icf=all"];
#[cfg(not(target_arch = "x86_64"))]
const FOLDING: [&str; 0] = [];

/// Which handler to build.
#[derive(Clone, Copy)]
pub(crate) enum Variant {
    /// The one that is deployed.
    Deployed,
    /// The one that opens a link to YDB in every call, for `cargo xtask bench`.
    LinkPerCall,
}

impl Variant {
    fn archive(self) -> &'static str {
        match self {
            Self::Deployed => "handler.zip",
            Self::LinkPerCall => "handler-link-per-call.zip",
        }
    }

    fn features(self) -> &'static str {
        match self {
            Self::Deployed => "silent",
            Self::LinkPerCall => "silent,link-per-call",
        }
    }

    /// The target folder. One for each: both libraries have the same name, and
    /// cargo would take the one that was built last for either.
    fn build_folder(self) -> PathBuf {
        workspace::target().join(match self {
            Self::Deployed => "handler-build",
            Self::LinkPerCall => "handler-link-per-call-build",
        })
    }
}

/// Builds `target/handler/handler.zip`.
pub(crate) fn run() -> Result<(), ChoreError> {
    println!("{}", make(Variant::Deployed)?);
    Ok(())
}

/// Builds a variant's archive in `target/handler/`: its path, size and hash.
pub(crate) fn make(variant: Variant) -> Result<String, ChoreError> {
    let folder = workspace::target().join("handler");
    let _lock = Lock::take(&folder)?;
    check_stand_ins()?;
    let library = build(variant)?;
    let path = folder.join(variant.archive());
    pack(&library, &path)?;
    let bytes = std::fs::read(&path).map_err(ChoreError::file("read", &path))?;
    Ok(format!(
        "{} {} bytes sha256:{}",
        path.display(),
        bytes.len(),
        hexadecimal(&Sha256::digest(&bytes))
    ))
}

/// Puts the library and its script into the archive, which takes as long as
/// building the library: only when it isn't made of just these.
fn pack(library: &Path, path: &Path) -> Result<(), ChoreError> {
    let root = workspace::root();
    let index = root.join("handler/index.js");
    let hash = Ingredients::default()
        .file(library)?
        .file(&index)?
        .file(&root.join("xtask/src/handler/archive.rs"))?
        .file(&root.join("Cargo.lock"))?
        .hash();
    let stamp = Stamp::new(path, hash);
    if stamp.is_fresh() {
        return Ok(());
    }
    stamp.clear()?;
    let library = std::fs::read(library).map_err(ChoreError::file("read", library))?;
    c_library::check(&library)?;
    let index = std::fs::read(&index).map_err(ChoreError::file("read", &index))?;
    let bytes = archive::pack(&[("handler.node", &library), ("index.js", &index)])?;
    check_size(bytes.len())?;
    replace(path, &bytes)?;
    stamp.write()
}

/// A crate of `[patch.crates-io]` is there to keep another out of the archive.
/// When nobody takes it, because a new version of somebody asks for another
/// version, cargo only warns and links the other.
fn check_stand_ins() -> Result<(), ChoreError> {
    let path = workspace::root().join("Cargo.lock");
    let lock = std::fs::read_to_string(&path).map_err(ChoreError::file("read", &path))?;
    match unused_stand_in(&lock) {
        None => Ok(()),
        Some(name) => Err(ChoreError::refused(format_args!(
            "nothing takes what stands for the crate {name} ([patch.crates-io] in Cargo.toml); \
             give it the version that is asked for now (`cargo tree --invert {name}`), or remove it"
        ))),
    }
}

/// The first that Cargo.lock lists as unused.
fn unused_stand_in(lock: &str) -> Option<&str> {
    let (_, unused) = lock.split_once("[[patch.unused]]")?;
    let name = unused
        .lines()
        .find_map(|line| line.strip_prefix("name = "))?;
    Some(name.trim_matches('"'))
}

fn check_size(bytes: usize) -> Result<(), ChoreError> {
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    Err(ChoreError::refused(format_args!(
        "the handler's archive has {bytes} bytes, but may have {MOST_BYTES}, since every cold \
         start loads it; docs/performance.md tells what it is made of"
    )))
}

/// Puts the file there at once, or leaves it if it is there already.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), ChoreError> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    let mut file =
        tempfile::NamedTempFile::new_in(folder).map_err(ChoreError::file("create", folder))?;
    file.write_all(bytes)
        .map_err(ChoreError::file("write", path))?;
    std::fs::set_permissions(file.path(), readable())
        .map_err(ChoreError::file("set permissions of", path))?;
    file.persist(path)
        .map_err(|error| ChoreError::file("write", path)(error.error))?;
    Ok(())
}

/// Readable for everybody, unlike a temporary file.
fn readable() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::Permissions::from_mode(0o644)
}

/// Builds the Node-API library; cargo knows whether there is anything to do.
///
/// As a cdylib only: with an rlib beside it cargo would leave out LTO. In a
/// target folder of its own: other flags would have cargo rebuild everything
/// at each turn.
fn build(variant: Variant) -> Result<PathBuf, ChoreError> {
    let target = variant.build_folder();
    let library = target.join("handler/libwschat_handler.so");
    if !library.exists() {
        say(format_args!(
            "building {} (about 5 minutes the first time)",
            variant.archive()
        ));
    }
    let cargo_home = cargo_home()?;
    if !cargo_home.join("registry/src").exists() {
        // The flags name the folders in there.
        run_command(workspace::cargo().args(["fetch", "--quiet"]))?;
    }
    let prefixes = prefixes(&target, &cargo_home)?;
    let mut flags: Vec<String> = prefixes
        .iter()
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .collect();
    flags.extend(FOLDING.map(str::to_owned));
    let c_flags: Vec<String> = prefixes
        .iter()
        .map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()))
        .collect();
    run_command(
        workspace::cargo()
            .args(["rustc", "--quiet", "--package", "wschat-handler", "--lib"])
            .args(["--crate-type", "cdylib", "--profile", "handler"])
            .args(["--features", variant.features()])
            .arg("--target-dir")
            .arg(&target)
            .env_remove("RUSTFLAGS")
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
            .env("CFLAGS", c_flags.join(" ")),
    )?;
    Ok(library)
}

/// Folders of this machine and what stands for them. Where several match, the
/// compiler takes the last. Registries are folders whose names tell from which
/// mirror their crates came.
fn prefixes(target: &Path, cargo_home: &Path) -> Result<Vec<(PathBuf, String)>, ChoreError> {
    let sysroot = capture(
        Command::new("rustc")
            .current_dir(workspace::root())
            .args(["--print", "sysroot"]),
    )?;
    let mut prefixes = vec![
        (PathBuf::from(sysroot.trim()), "/rust".to_owned()),
        (cargo_home.to_path_buf(), "/cargo".to_owned()),
        (workspace::root().to_path_buf(), "/wschat".to_owned()),
        (target.to_path_buf(), "/target".to_owned()),
    ];
    let registries = cargo_home.join("registry/src");
    let mut folders = std::fs::read_dir(&registries)
        .and_then(|folders| {
            folders
                .map(|folder| Ok(folder?.path()))
                .collect::<Result<Vec<_>, _>>()
        })
        .map_err(ChoreError::file("read", &registries))?;
    folders.sort();
    prefixes.extend(
        folders
            .into_iter()
            .map(|folder| (folder, "/crates".to_owned())),
    );
    Ok(prefixes)
}

fn cargo_home() -> Result<PathBuf, ChoreError> {
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
        .ok_or_else(|| ChoreError::refused("no home folder; set HOME or CARGO_HOME"))
}

#[cfg(test)]
mod tests;
