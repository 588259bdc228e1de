//! `guard -- PROGRAM [ARGUMENT]…` runs a program that must not outlive its
//! owner. The guard reads orders from its standard input, a signal's name per
//! line (TERM, INT, KILL, STOP, CONT); when the input ends, because the owner
//! closed it or died in whatever way, the program and its children are killed.
//! The guard exits with the program's exit code, or with 128 + signal.

use std::io::BufRead;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// What the owner wants.
enum Order {
    Send(Signal),
    /// The owner is gone, or done with it.
    End,
}

const USAGE_ERROR: i32 = 2;
const CANNOT_RUN: i32 = 127;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let code = match run().await {
        Ok(status) => exit_code(status),
        Err((code, words)) => {
            eprintln!("guard: {words}");
            code
        }
    };
    // Not a return: the thread that reads standard input would be waited for.
    std::process::exit(code)
}

async fn run() -> Result<ExitStatus, (i32, String)> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(dashes), Some(program)) = (arguments.next(), arguments.next()) else {
        return Err((USAGE_ERROR, "usage: guard -- PROGRAM [ARGUMENT]…".into()));
    };
    if dashes != "--" {
        return Err((USAGE_ERROR, "usage: guard -- PROGRAM [ARGUMENT]…".into()));
    }
    // Caught before the program starts, so that none ends the guard alone.
    // Ctrl-C and a closed terminal reach the owner too, who decides.
    let mut terminate =
        signal(SignalKind::terminate()).map_err(|error| (CANNOT_RUN, error.to_string()))?;
    let _interrupt =
        signal(SignalKind::interrupt()).map_err(|error| (CANNOT_RUN, error.to_string()))?;
    let _hangup = signal(SignalKind::hangup()).map_err(|error| (CANNOT_RUN, error.to_string()))?;

    let mut child = Command::new(&program)
        .args(arguments)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| {
            (
                CANNOT_RUN,
                format!("cannot run {}: {error}", program.display()),
            )
        })?;
    let process = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw)
        .ok_or((CANNOT_RUN, "the program has no process id".to_owned()))?;

    let mut orders = read_orders();
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            order = orders.recv() => match order {
                Some(Order::Send(signal)) => tell(process, signal),
                Some(Order::End) | None => {
                    kill_all(process);
                    break child.wait().await;
                }
            },
            _ = terminate.recv() => tell(process, Signal::TERM),
        }
    };
    // Whoever the program left behind goes with it.
    kill_all(process);
    status.map_err(|error| (CANNOT_RUN, error.to_string()))
}

/// Sends a signal. It fails when the program has just ended: nothing is left
/// to do then.
fn tell(process: Pid, signal: Signal) {
    let _ = kill_process(process, signal);
}

/// Kills the program and all that it started; no error if none is left.
fn kill_all(process: Pid) {
    let _ = kill_process_group(process, Signal::KILL);
}

/// Reads the owner's orders on a thread of its own.
fn read_orders() -> mpsc::UnboundedReceiver<Order> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            match signal_named(line.trim()) {
                Some(signal) => drop(sender.send(Order::Send(signal))),
                None => eprintln!("guard: unknown order {line:?}"),
            }
        }
        drop(sender.send(Order::End));
    });
    receiver
}

fn signal_named(name: &str) -> Option<Signal> {
    match name {
        "TERM" => Some(Signal::TERM),
        "INT" => Some(Signal::INT),
        "KILL" => Some(Signal::KILL),
        "STOP" => Some(Signal::STOP),
        "CONT" => Some(Signal::CONT),
        _ => None,
    }
}

fn exit_code(status: ExitStatus) -> i32 {
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}
