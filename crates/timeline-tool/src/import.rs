//! `ramanujan timeline import`: archived events go back to the timeline that they are from.
//!
//! The network takes only the newest archived segment at a time, so files go in from the last to the first. It compares
//! every event with the hashes it kept; what is already back is not an error.

use std::path::PathBuf;

use ramanujan_client::{Network, Patience, terminal};
use serde::Deserialize;

use crate::archive::read_file;
use crate::error::ToolError;

/// Bring archived events back into the timeline that they are from.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Files that `ramanujan timeline archive` wrote, in any order
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub network: Network,
    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Debug, Deserialize)]
struct Restored {
    restored: u64,
}

/// Imports and prints how many events each file brought back.
///
/// # Errors
/// A file is not a whole segment (then nothing was sent), or the network refuses one.
pub fn run(args: &Args) -> Result<(), ToolError> {
    let client = args.network.client(&args.patience)?;
    let mut segments = Vec::new();
    for path in &args.files {
        segments.push((read_file(path)?.0.header.first, path));
    }
    segments.sort_by_key(|(first, _)| std::cmp::Reverse(*first));
    for (number, (_, path)) in segments.into_iter().enumerate() {
        // Read again rather than kept: a thousand files do not fit in memory.
        let (_, text) = read_file(path)?;
        let request = client.post("/timeline/archive", text.as_bytes()).idempotent();
        let reply: Restored = request.first_if(number == 0).json()?;
        terminal::print(format_args!("{}: {} events restored", path.display(), reply.restored))?;
    }
    Ok(())
}
