//! `crowd fan-out PLAN` and `crowd load PLAN` open many chat sockets, do what the
//! plan says (JSON) and print what they saw (JSON).

use std::error::Error;
use std::process::ExitCode;

use wschat_tests::crowd::{fan_out, load};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(outcome) => {
            println!("{outcome}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("crowd: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<String, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fan-out", plan] => {
            let plan = serde_json::from_str(plan)?;
            serde_json::to_string(&fan_out::run(&plan).await?)?
        }
        ["load", plan] => {
            let plan = serde_json::from_str(plan)?;
            serde_json::to_string(&load::run(&plan).await?)?
        }
        _ => return Err("usage: crowd fan-out|load PLAN".into()),
    };
    Ok(outcome)
}
