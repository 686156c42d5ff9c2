//! `ramanujan timeline`: what is done with the timeline of a running network from outside, over HTTP.
//!
//! `export` writes the log to a file, for analysis. `archive` moves its oldest events to files, `verify` checks such
//! files and `import` brings them back. `client` alone does network I/O. A new subcommand is a module with
//! `Args` and `run`, and a line in [`Command`].

pub mod archive;
pub mod client;
pub mod export;
pub mod import;
pub mod verify;

use std::io;
use std::process::ExitCode;

/// Exit code if the command could not be done: bad arguments, no network, no room.
const FAILED: u8 = 2;

/// Read the timeline of a running network into files.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    Export(export::Args),
    Archive(archive::Args),
    Import(import::Args),
    Verify(verify::Args),
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    #[error("{0:?} is no http:// URL")]
    Url(String),
    #[error(
        "{url} gave no usable reply ({reason}); start the network with ./scripts/up.sh, or name another with --url"
    )]
    Unreachable { url: String, reason: String },
    #[error("{path} answered {reason}")]
    Refused { path: String, reason: String },
    #[error("{path} answered with something unexpected: {reason}")]
    Unexpected { path: String, reason: String },
    #[error("{what}: {error}")]
    File { what: String, error: io::Error },
    #[error("{file}: {reason}")]
    Segment { file: String, reason: String },
    #[error("Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
}

/// Runs the command: progress and errors to standard error, results to standard output.
pub fn run(args: &Args) -> ExitCode {
    let done = match &args.command {
        Command::Export(args) => export::run(args),
        Command::Archive(args) => archive::run(args),
        Command::Import(args) => import::run(args),
        Command::Verify(args) => verify::run(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(FAILED)
        }
    }
}
