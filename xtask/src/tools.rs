//! `cargo xtask tools`: programs that tests use and that registries offer as
//! source or as a package, at fixed versions, inside target/.

mod promtool;

use std::path::Path;
use std::process::Command;

use crate::chore::{ChoreError, capture, run as run_command, say};
use crate::lock::Lock;
use crate::stamp::{Ingredients, Stamp};
use crate::workspace;

/// A program that `go install` builds.
struct GoTool {
    name: &'static str,
    package: &'static str,
    version: &'static str,
    /// Build tags: here to leave out database drivers.
    tags: &'static str,
    /// How long the first build takes on two cores.
    takes: &'static str,
}

const GO_TOOLS: [GoTool; 2] = [
    GoTool {
        name: "helm",
        package: "helm.sh/helm/v4/cmd/helm",
        version: "v4.3.1",
        tags: "",
        takes: "about 2 minutes",
    },
    GoTool {
        name: "goose",
        package: "github.com/pressly/goose/v3/cmd/goose",
        version: "v3.29.0",
        tags: "no_clickhouse,no_libsql,no_mssql,no_mysql,no_postgres,no_sqlite3,no_vertica",
        takes: "about 25 seconds",
    },
];
/// The Node.js of the functions runtime `nodejs22`.
const NODE_VERSION: &str = "22.15.0";
/// Checks licences, sources and duplicates of the dependency tree.
const CARGO_DENY_VERSION: &str = "0.20.2";

/// Installs helm, goose, promtool (where Debian offers it) and Node.js unless
/// they are there.
pub(crate) fn run() -> Result<(), ChoreError> {
    let folder = workspace::target().join("tools");
    let _lock = Lock::take(&folder)?;
    for tool in &GO_TOOLS {
        go_install(tool, &folder)?;
    }
    promtool::install(&folder)?;
    install_node(&workspace::target().join("node"))
}

/// Installs Node.js alone, which is all that the demo needs.
pub(crate) fn node() -> Result<(), ChoreError> {
    let _lock = Lock::take(&workspace::target().join("tools"))?;
    install_node(&workspace::target().join("node"))
}

/// Installs cargo-deny, which only `make test` and `make lint` need.
pub(crate) fn cargo_deny() -> Result<(), ChoreError> {
    let folder = workspace::target().join("tools");
    let _lock = Lock::take(&folder)?;
    let stamp = Stamp::new(
        &folder.join("bin/cargo-deny"),
        Ingredients::default().value(CARGO_DENY_VERSION).hash(),
    );
    if stamp.is_fresh() {
        return Ok(());
    }
    say("building cargo-deny (about 3 minutes the first time)");
    stamp.clear()?;
    run_command(
        workspace::cargo()
            .args(["install", "cargo-deny", "--locked", "--quiet", "--version"])
            .arg(CARGO_DENY_VERSION)
            .arg("--root")
            .arg(&folder),
    )?;
    stamp.write()
}

fn go_install(tool: &GoTool, folder: &Path) -> Result<(), ChoreError> {
    let go = capture(Command::new("go").args(["env", "GOVERSION", "GOOS", "GOARCH"]))?;
    let hash = Ingredients::default()
        .value(&go)
        .value(tool.package)
        .value(tool.version)
        .value(tool.tags)
        .hash();
    let stamp = Stamp::new(&folder.join(tool.name), hash);
    if stamp.is_fresh() {
        return Ok(());
    }
    say(format_args!(
        "building {} {} ({} the first time)",
        tool.name, tool.version, tool.takes
    ));
    stamp.clear()?;
    run_command(
        Command::new("go")
            .current_dir(folder)
            .env("GOBIN", folder)
            .env("GOFLAGS", "-trimpath")
            .args(["install", "-tags", tool.tags])
            .arg(format!("{}@{}", tool.package, tool.version)),
    )?;
    stamp.write()
}

/// Installs npm's `node`, whose install script fetches the platform's package.
fn install_node(folder: &Path) -> Result<(), ChoreError> {
    let _lock = Lock::take(folder)?;
    let stamp = Stamp::new(
        &folder.join("node_modules/node/bin/node"),
        Ingredients::default().value(NODE_VERSION).hash(),
    );
    if stamp.is_fresh() {
        return Ok(());
    }
    say(format_args!(
        "installing Node.js {NODE_VERSION}, the functions' own (a few seconds)"
    ));
    run_command(
        Command::new("npm")
            .current_dir(folder)
            .args([
                "install",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
                "--prefix",
            ])
            .arg(folder)
            .arg(format!("node@{NODE_VERSION}")),
    )?;
    stamp.write()
}
