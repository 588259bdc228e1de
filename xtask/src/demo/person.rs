//! The person at the terminal joins with the real client.

use std::process::Stdio;

use tokio::process::Command;
use wschat_tests::binaries::Binary;
use wschat_tests::chat_socket::ChatSocket;

use super::stage::Stage;
use super::{CHAT, bot, failed};
use crate::chore::ChoreError;

/// Runs the client until the person leaves.
pub(super) async fn join(stage: &Stage) -> Result<(), ChoreError> {
    let socket = ChatSocket::join(&stage.url, bot::NAME)
        .await
        .map_err(failed)?;
    let company = tokio::spawn(bot::chat(socket));
    let program = Binary::Client.path().map_err(failed)?;
    println!(
        "        second terminal: {} join --url {} --nick carol\n        \
                 the chat itself: KUBECONFIG={} {} -n {} describe wschat {CHAT}",
        program.display(),
        stage.url,
        stage.kubeconfig().display(),
        stage.kubectl_program().display(),
        stage.namespace.name()
    );
    let client = Command::new(program)
        .args(["join", CHAT, "--namespace", stage.namespace.name()])
        .env("KUBECONFIG", stage.kubeconfig())
        .stdin(Stdio::inherit())
        .kill_on_drop(true)
        .status()
        .await;
    company.abort();
    let status = client.map_err(failed)?;
    // Leaving by Ctrl-C is leaving.
    if status.success() || status.code() == Some(130) {
        Ok(())
    } else {
        Err(ChoreError::refused(format_args!(
            "the client ended with {status}"
        )))
    }
}
