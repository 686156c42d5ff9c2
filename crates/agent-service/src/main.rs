//! The program `agent-service`.

use std::process::ExitCode;

use clap::Parser as _;
use ramanujan_agent_service::args::Args;
use ramanujan_agent_service::{check, log, service};

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.healthcheck {
        Some(what) => check::check(args.http_listen, what),
        None => run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("agent-service: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), String> {
    log::init(&args.log_level, args.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
    let done = runtime.block_on(service::run(args));
    if let Err(error) = &done {
        tracing::error!(target: log::TARGET, "{error}");
    }
    done
}
