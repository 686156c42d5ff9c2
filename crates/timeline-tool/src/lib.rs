//! `ramanujan timeline`: what is done with the timeline of a running network from outside, over HTTP.
//!
//! `export` writes the log to a file, for analysis. `archive` moves its oldest events to files, `verify` checks such
//! files and `import` brings them back. `destination` is how a file is written whole or not at all. A new subcommand is
//! a module with `Args` and `run`, and a line in [`Command`].

pub mod archive;
pub mod destination;
mod error;
pub mod export;
pub mod import;
pub mod verify;

use std::process::ExitCode;

pub use error::ToolError;
use ramanujan_client::terminal;

/// Exit code if the command could not be done: bad arguments, no network, no room.
const FAILED: u8 = 2;
/// Exit code if whoever read the output went away before its end: what a shell reports of a program that the broken
/// pipe ends (128 + SIGPIPE).
const UNREAD: u8 = 141;

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
        Err(error) if error.is_unread() => ExitCode::from(UNREAD),
        Err(error) => {
            terminal::notice(format_args!("error: {error}"));
            ExitCode::from(FAILED)
        }
    }
}
