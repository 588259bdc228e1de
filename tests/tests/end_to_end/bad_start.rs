//! What a program needs and doesn't find at its start is told in one line that
//! says what to do.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use libtest_mimic::{Failed, Trial};
use wschat_tests::binaries::{Binary, build_folder};
use wschat_tests::emulator::{self, Emulator};
use wschat_tests::operator::handler_zip;
use wschat_tests::program::Program;

use crate::suite::{Handle, Scene};

const FREE: &str = "127.0.0.1:0";

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial("a bad start of the operator says what to do", operator),
        suite.trial("a bad start of the emulator says what to do", busy_emulator),
        suite.trial("a bad start without Go says what to do", without_go),
        suite.trial("a bad start of the client says what to do", client),
    ]
}

/// The program ends with `code` and one line, which has all these words.
async fn refuses(
    program: &Program,
    arguments: &[&str],
    code: i32,
    words: &[&str],
) -> Result<(), Failed> {
    let output = program.output(arguments, "").await?;
    let lines: Vec<&str> = output.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{}", output.stderr);
    assert_eq!(output.status.code(), Some(code), "{}", output.stderr);
    for word in words {
        assert!(lines[0].contains(word), "no {word:?} in: {}", lines[0]);
    }
    Ok(())
}

async fn operator(scene: Scene) -> Result<(), Failed> {
    let emulator = Emulator::start(&scene.folder, &emulator::Options::default()).await?;
    let cloud = emulator.addresses();
    let key = cloud.operator_key.as_deref().ok_or("no operator key")?;
    let key = key.to_string_lossy();
    let zip = handler_zip()?;
    let zip = zip.to_string_lossy();
    let run = |key, zip, listen| {
        let folder = cloud.folder_id.as_str();
        let mut arguments = vec!["run", "--folder-id", folder, "--api-endpoint", &cloud.api];
        arguments.extend(["--service-account-key-file", key, "--handler-zip", zip]);
        arguments.extend(["--http-listen", listen]);
        arguments
    };
    let administrator = scene.control_plane().administrator();
    let program = Program::new(Binary::Operator.path()?);
    let here = program.clone().environment("KUBECONFIG", administrator);

    let words = ["/no/handler.zip", "cargo xtask handler", "--handler-zip"];
    refuses(&here, &run(&key, "/no/handler.zip", FREE), 2, &words).await?;
    let words = ["/no/key.json", "yc iam key create"];
    refuses(&here, &run("/no/key.json", &zip, FREE), 2, &words).await?;
    let (_held, busy) = busy_address()?;
    let words = [busy.as_str(), "stop the program", "--http-listen"];
    refuses(&here, &run(&key, &zip, &busy), 1, &words).await?;
    let nowhere = program.environment("KUBECONFIG", "/no/kubeconfig");
    let words = [
        "Kubernetes configuration",
        "/no/kubeconfig",
        "set KUBECONFIG",
    ];
    refuses(&nowhere, &run(&key, &zip, FREE), 2, &words).await?;
    emulator.stop().await?;
    let real = ["run", "--folder-id", "b1g", "--metadata-credentials"];
    for (flag, unit) in [("--resync=9s", "folder"), ("--probe-interval=1s", "calls")] {
        let arguments = [&real[..], &["--handler-zip", &zip, flag]].concat();
        let words = [flag, unit, "use at least 10s", "=10m"];
        refuses(&nowhere, &arguments, 2, &words).await?;
    }
    Ok(())
}

async fn busy_emulator(_scene: Scene) -> Result<(), Failed> {
    let (_held, busy) = busy_address()?;
    let words = [busy.as_str(), "is in use", "--listen"];
    let program = Program::new(Binary::Emulator.path()?);
    refuses(&program, &["--listen", &busy], 3, &words).await
}

/// Everything else is in PATH that the chores need.
async fn without_go(scene: Scene) -> Result<(), Failed> {
    let folder = scene.folder.join("programs");
    std::fs::create_dir_all(&folder)?;
    for name in "cargo node npm python3 cc make".split(' ') {
        forward(name, &folder)?;
    }
    let chores = Program::new(build_folder().join("xtask")).environment("PATH", folder);
    let words = ["missing: Go", "go.dev/dl"];
    refuses(&chores, &["demo"], 1, &words).await
}

async fn client(scene: Scene) -> Result<(), Failed> {
    let program = Program::new(Binary::Client.path()?);
    let (held, silent) = busy_address()?;
    // Nobody listens there any more.
    drop(held);
    let url = format!("ws://{silent}/ws");
    let words = [silent.as_str(), "refused"];
    refuses(&program, &["tail", "--url", &url], 4, &words).await?;
    let words = ["must look like wss://host/ws"];
    refuses(
        &program,
        &["send", "--url", "http://a/ws", "hello"],
        2,
        &words,
    )
    .await?;
    let nowhere = program.environment("KUBECONFIG", scene.folder.join("no-kubeconfig"));
    let words = ["no-kubeconfig", "--url"];
    refuses(&nowhere, &["send", "lobby", "hello"], 2, &words).await
}

/// An address that is in use as long as the listener lives.
fn busy_address() -> Result<(std::net::TcpListener, String), Failed> {
    let held = std::net::TcpListener::bind(FREE)?;
    let address = held.local_addr()?.to_string();
    Ok((held, address))
}

/// Puts a script into `folder` that runs a program with the whole PATH, since
/// many are such scripts themselves.
fn forward(name: &str, folder: &Path) -> Result<(), Failed> {
    let path = std::env::var("PATH")?;
    let script = format!("#!/bin/sh\nPATH='{path}' exec {name} \"$@\"\n");
    let file = folder.join(name);
    std::fs::write(&file, script)?;
    std::fs::set_permissions(&file, Permissions::from_mode(0o755))?;
    Ok(())
}
