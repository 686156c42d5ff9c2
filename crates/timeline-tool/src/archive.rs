//! `ramanujan timeline archive`: the oldest events of the log move to files.
//!
//! For each segment: fetch it, verify it, write it under a temporary name, flush it and its folder to the disk, read it
//! back, and only then tell the network its digest, upon which the network lets go of the rows. Killed between any
//! two of these steps, nothing is lost: before the last one the rows are still there, and the same command again finds
//! the file and goes on.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use ramanujan_client::{Error, Network, Patience, terminal};
use ramanujan_core::Digest;
use ramanujan_timeline::Segment;
use serde::Deserialize;
use serde_json::json;
use tempfile::NamedTempFile;

use crate::destination::{Found, folder, look};
use crate::error::ToolError;

/// Move the oldest events into files, one for each segment of about a thousand, and keep what proves them.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub network: Network,
    /// Folder for the files; made if it is not there
    #[arg(long, value_name = "FOLDER")]
    pub dir: PathBuf,
    /// Most segments to archive; without it, all that may be
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    pub segments: u64,
    #[command(flatten)]
    pub patience: Patience,
}

/// What `POST /timeline/archive` hands out.
#[derive(Debug, Deserialize)]
struct HandedOut {
    file: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Confirmed {
    archived_until: u64,
}

/// Archives and prints each file.
///
/// # Errors
/// The network cannot be reached or does not agree, a file cannot be written, or another file has its name.
pub fn run(args: &Args) -> Result<(), ToolError> {
    let client = args.network.client(&args.patience)?;
    let failed = |error| ToolError::File { what: format!("cannot make {}", args.dir.display()), error };
    fs::create_dir_all(&args.dir).map_err(failed)?;
    let mut files = 0;
    while files < args.segments {
        let next = client.post("/timeline/archive", b"{}").idempotent().first_if(files == 0);
        let handed: HandedOut = next.json()?;
        let Some(text) = handed.file else { break };
        let name = "the segment that the network handed out";
        let segment = read(name, &text)?;
        let (first, last) = (segment.header.first, segment.header.last);
        let path = args.dir.join(file_name(first, last));
        let (kept, digest) = keep(&path, &text, &segment)?;
        let confirm =
            json!({"first": first, "last": last, "tree_size": kept.header.tree_size, "sha256": digest});
        let confirm = confirm.to_string();
        let done: Confirmed = client.post("/timeline/archive", confirm.as_bytes()).idempotent().json()?;
        terminal::print(format_args!("{}: events {first} to {last}, SHA-256 {digest}", path.display()))?;
        files += 1;
        if done.archived_until < last {
            let reason = format!("the network has archived up to {} only", done.archived_until);
            return Err(Error::unreadable("/timeline/archive", reason).into());
        }
    }
    terminal::print(format_args!("{files} segments archived in {}", args.dir.display()))?;
    Ok(())
}

/// The file of a segment; names sort as their events do up to 10^12.
pub(crate) fn file_name(first: u64, last: u64) -> String {
    format!("timeline-{first:012}-{last:012}.ndjson")
}

/// Verifies the text of a segment; `name` is for the message.
pub(crate) fn read(name: &str, text: &str) -> Result<Segment, ToolError> {
    Segment::read(text)
        .map_err(|error| ToolError::Segment { file: name.to_owned(), reason: error.to_string() })
}

/// Reads and verifies the file of a segment; its text, too.
pub(crate) fn read_file(path: &Path) -> Result<(Segment, String), ToolError> {
    let text = fs::read_to_string(path)
        .map_err(|error| ToolError::File { what: format!("cannot read {}", path.display()), error })?;
    Ok((read(&path.display().to_string(), &text)?, text))
}

/// Makes sure that the file at `path` holds the segment durably: writes `text`, or finds what an earlier, interrupted
/// run wrote, which may prove it in another tree. Returns what is on the disk.
fn keep(path: &Path, text: &str, segment: &Segment) -> Result<(Segment, Digest), ToolError> {
    let failed = |error| ToolError::File { what: format!("cannot write {}", path.display()), error };
    let folder = folder(path);
    match look(path)? {
        Found::Nothing => {
            let mut file = NamedTempFile::with_prefix_in(".timeline-", folder).map_err(failed)?;
            file.write_all(text.as_bytes()).map_err(failed)?;
            file.as_file().sync_all().map_err(failed)?;
            file.persist_noclobber(path).map_err(|error| failed(error.error))?;
        }
        Found::File => {}
        Found::Special => {
            let reason = "is a device or a pipe, which keeps nothing; name another folder with --dir";
            return Err(ToolError::Destination { path: path.display().to_string(), reason });
        }
    }
    // An interrupted run may have written the file but not flushed its name.
    File::open(path).and_then(|file| file.sync_all()).map_err(failed)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    let (kept, text) = read_file(path)?;
    if kept.rows != segment.rows || kept.header.before != segment.header.before {
        let reason = "is there already with other events; name another folder with --dir".to_owned();
        return Err(ToolError::Segment { file: path.display().to_string(), reason });
    }
    Ok((kept, Digest::of(text.as_bytes())))
}
