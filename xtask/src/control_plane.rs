//! `cargo xtask control-plane`: a real Kubernetes control plane from the Go
//! module in tests/control-plane. One binary, called by several names.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::chore::{ChoreError, capture, run as run_command, say};
use crate::lock::Lock;
use crate::stamp::{Ingredients, Stamp};
use crate::workspace;

/// The names that the binary is called by.
const PROGRAMS: [&str; 4] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kubectl",
];
/// kubectl and helm refuse a server whose version they can't parse, and a
/// plain `go build` leaves `v0.0.0-master+$Format`.
const STAMPED_PACKAGES: [&str; 2] = [
    "k8s.io/component-base/version",
    "k8s.io/client-go/pkg/version",
];

/// Builds `target/control-plane/` unless it is there from the same sources.
pub(crate) fn run() -> Result<(), ChoreError> {
    let folder = workspace::target().join("control-plane");
    let module = workspace::root().join("tests/control-plane");
    let _lock = Lock::take(&folder)?;
    let binary = folder.join("control-plane");
    let stamp = Stamp::new(&binary, ingredients(&module)?);
    if !stamp.is_fresh() {
        say(
            "building etcd, kube-apiserver, kube-controller-manager and kubectl (about 4 minutes the first time)",
        );
        stamp.clear()?;
        build(&module, &binary)?;
        stamp.write()?;
    }
    PROGRAMS
        .iter()
        .try_for_each(|program| link(&binary, &folder.join(program)))
}

/// What the binary depends on.
fn ingredients(module: &Path) -> Result<String, ChoreError> {
    let go = capture(
        Command::new("go")
            .arg("env")
            .args(["GOVERSION", "GOOS", "GOARCH"]),
    )?;
    Ok(Ingredients::default()
        .value(&go)
        .file(&module.join("go.mod"))?
        .file(&module.join("go.sum"))?
        .file(&module.join("main.go"))?
        .value(&linker_flags("v0.0.0")?)
        .hash())
}

/// Builds beside and renames, so that nobody runs half a binary.
fn build(module: &Path, binary: &Path) -> Result<(), ChoreError> {
    let version = kubernetes_version(module)?;
    let unfinished: PathBuf = binary.with_extension("unfinished");
    run_command(
        Command::new("go")
            .current_dir(module)
            .args([
                "build",
                "-trimpath",
                "-ldflags",
                &linker_flags(&version)?,
                "-o",
            ])
            .arg(&unfinished)
            .arg("."),
    )?;
    std::fs::rename(&unfinished, binary).map_err(ChoreError::file("rename", &unfinished))
}

/// The version of Kubernetes that go.mod requires, as `v1.36.3`.
fn kubernetes_version(module: &Path) -> Result<String, ChoreError> {
    let listed = capture(Command::new("go").current_dir(module).args([
        "list",
        "-m",
        "-f",
        "{{.Version}}",
        "k8s.io/kubernetes",
    ]))?;
    Ok(listed.trim().to_owned())
}

/// Strips the binary and stamps the version into it.
fn linker_flags(version: &str) -> Result<String, ChoreError> {
    let mut parts = version.trim_start_matches('v').split('.');
    let (Some(major), Some(minor)) = (parts.next(), parts.next()) else {
        return Err(ChoreError::refused(format_args!(
            "tests/control-plane/go.mod requires k8s.io/kubernetes {version:?}, which is no version"
        )));
    };
    Ok(STAMPED_PACKAGES
        .iter()
        .fold("-s -w".to_owned(), |flags, package| {
            format!("{flags} -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}")
        }))
}

/// Makes a relative link to the binary under a program's name.
fn link(binary: &Path, name: &Path) -> Result<(), ChoreError> {
    let target = Path::new(binary.file_name().unwrap_or(binary.as_os_str()));
    if std::fs::read_link(name).is_ok_and(|old| old == target) {
        return Ok(());
    }
    match std::fs::remove_file(name) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(ChoreError::file("remove", name)(error));
        }
        _ => {}
    }
    std::os::unix::fs::symlink(target, name).map_err(ChoreError::file("link", name))
}
