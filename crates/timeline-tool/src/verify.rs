//! `ramanujan timeline verify`: checks archived segments without trusting anyone, and proves single events from them.

use std::path::PathBuf;

use ramanujan_client::{Access, Client, Patience, terminal};
use ramanujan_core::Digest;
use ramanujan_timeline::segment::{Header, Segment};
use ramanujan_timeline::tree;
use serde::Deserialize;
use serde_json::json;

use crate::archive::read_file;
use crate::error::ToolError;

/// Verify archived events: their hashes, their chain from file to file, and the root they are proven to be part of.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Files that `ramanujan timeline archive` wrote, in any order
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print the inclusion proof (RFC 9162) of the event with this id, in the tree over all events up to the last one of
    /// its file
    #[arg(long, value_name = "ID")]
    pub event: Option<Digest>,
    /// Compare each file's root with the one that this network gives for the same size
    #[arg(long)]
    pub url: Option<String>,
    #[command(flatten)]
    pub access: Access,
    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Debug, Deserialize)]
struct Consistency {
    second_root: Digest,
}

/// Verifies and prints what each file is proven to be part of.
///
/// # Errors
/// A file does not verify, does not follow the one before it, or is of another log than the network's; or the event is
/// in none of them.
pub fn run(args: &Args) -> Result<(), ToolError> {
    let client = match &args.url {
        Some(url) => Some(Client::new(args.access.options(url).retry_for(args.patience.duration()))?),
        None => None,
    };
    let mut headers: Vec<(Header, String)> = Vec::new();
    let mut proof = None;
    for path in &args.files {
        let (segment, _) = read_file(path)?;
        proof = proof.or_else(|| args.event.and_then(|id| prove(&segment, id)));
        headers.push((segment.header, path.display().to_string()));
    }
    headers.sort_by_key(|(header, _)| header.first);
    let wrong = |file: &str, reason: String| Err(ToolError::Segment { file: file.to_owned(), reason });
    for pair in headers.windows(2) {
        let [(before, _), (after, file)] = pair else { continue };
        if after.first == before.last + 1 && after.before != before.after {
            return wrong(file, format!("does not follow the file that ends with event {}", before.last));
        }
    }
    for (number, (header, file)) in headers.iter().enumerate() {
        let Header { first, last, tree_size, merkle_root, .. } = header;
        if let Some(client) = &client {
            let path = format!("/timeline/proof?first={last}&second={tree_size}");
            let reply: Consistency = client.get(&path).first_if(number == 0).json()?;
            if reply.second_root != *merkle_root {
                return wrong(
                    file,
                    format!("the network's root of {tree_size} events is {}", reply.second_root),
                );
            }
        }
        terminal::notice(format_args!(
            "{file}: events {first} to {last} are in the tree of {tree_size} with root {merkle_root}"
        ));
    }
    match (args.event, proof) {
        (Some(id), None) => wrong(&id.to_string(), "no such event in these files".into()),
        (_, Some(proof)) => {
            terminal::print(proof)?;
            Ok(())
        }
        (None, None) => Ok(()),
    }
}

/// The proof as `GET /timeline/proof` gives it.
fn prove(segment: &Segment, id: Digest) -> Option<serde_json::Value> {
    let row = segment.rows.iter().find(|row| Digest(row.event_id) == id)?;
    let root = segment.header.after.peaks.clone();
    Some(json!({
        "type": "inclusion",
        "event_id": id,
        "seq": row.seq,
        "leaf_index": row.seq - 1,
        "leaf_hash": row.leaf_hash(),
        "tree_size": segment.header.last,
        "merkle_root": tree::fold(&root),
        "path": segment.prove(row.seq)?,
    }))
}
