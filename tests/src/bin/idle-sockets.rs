//! `idle-sockets URL COUNT` opens sockets, prints how long that took, in
//! microseconds, and holds them until it is killed. It ends as soon as one of
//! them can't be opened, ends or gets anything: idle sockets do neither.

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use wschat_tests::crowd::{Socket, allow, open};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let error = match run().await {
        Ok(never) => match never {},
        Err(error) => error,
    };
    eprintln!("idle-sockets: {error}");
    ExitCode::FAILURE
}

async fn run() -> Result<std::convert::Infallible, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, count] = arguments.as_slice() else {
        return Err("usage: idle-sockets URL COUNT".into());
    };
    let count: usize = count.parse()?;
    allow(count)?;
    let start = Instant::now();
    let sockets = open(std::iter::repeat_n(url.clone(), count)).await?;
    println!("{}", start.elapsed().as_micros());
    let heard = |mut socket: Socket| async move { socket.next().await };
    let mut all: FuturesUnordered<_> = sockets.into_iter().map(heard).collect();
    match all.next().await {
        Some(Some(heard)) => Err(format!("a socket that should be idle got {heard:?}").into()),
        Some(None) | None => Err("a socket has ended".into()),
    }
}
