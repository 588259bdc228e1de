//! The chat client for terminals and pipes.
//!
//! What a session does is decided in [`session`], apart from sockets and clocks;
//! [`drive`] carries it out. [`resolve`] finds a chat's address in Kubernetes,
//! [`connect`] opens the connection, [`editor`] and [`input`] bring what the user
//! writes, [`output`] shows what comes, in the words of [`render`] or [`ndjson`].

#[expect(clippy::doc_markdown, reason = "help texts are shown as they are")]
mod args;
mod commands;
mod connect;
mod drive;
mod editor;
mod exit;
mod input;
mod ndjson;
mod nick;
mod outgoing;
mod output;
mod render;
mod resolve;
mod session;
mod target;
mod text;
mod told;
mod typed;

use std::io::{self, Write as _};

use clap::{CommandFactory as _, Parser as _};

use args::{Cli, Command};
use commands::Failure;
use exit::Exit;

fn main() {
    let cli = Cli::parse();
    // Fails only if there is one already, which is then as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exit = match run(&cli.command) {
        Ok(()) => Exit::Clean,
        Err(failure) => {
            if !failure.goes_without_saying() {
                let _ = writeln!(io::stderr(), "wschat: {failure}");
            }
            failure.exit()
        }
    };
    // Threads that wait for the keyboard or a pipe don't hold the process up.
    std::process::exit(i32::from(exit.code()));
}

fn run(command: &Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match command {
        Command::Join(args) => runtime.block_on(commands::join(args)),
        Command::Send(args) => runtime.block_on(commands::send(args)),
        Command::Tail(args) => runtime.block_on(commands::tail(args)),
        Command::Url(args) => runtime.block_on(commands::url(args)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "wschat", &mut script);
            Ok(io::stdout().write_all(&script)?)
        }
    }
}
