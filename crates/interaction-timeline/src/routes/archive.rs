//! `POST /timeline/archive`: the oldest sealed events move to files.
//!
//! Three requests. `{}` hands out the next segment. `{"first", "last", "tree_size", "sha256"}` says that its file is
//! safe: if the digest is that of the file, the rows become a stub with one statement. A file itself brings the rows of
//! the newest archived segment back.

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Request, Response, ok};
use ramanujan_timeline::Segment;
use serde::Deserialize;
use serde_json::json;

use crate::store::archive::{self, Kept};
use crate::store::{self, log};

/// How a file begins, and no other body.
const FILE_START: &[u8] = b"{\"format\":";

/// The body of a request that is not a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Asked {
    /// `seq` of the segment's first event.
    first: Option<u64>,
    /// `seq` of its last.
    last: Option<u64>,
    /// As it was handed out with the file.
    tree_size: Option<u64>,
    /// Of the file, as it was read back from where it is kept.
    sha256: Option<Digest>,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    if request.body.starts_with(FILE_START) {
        return restore(&request.body);
    }
    match request.json()? {
        Asked { first: None, last: None, tree_size: None, sha256: None } => hand_out(),
        Asked { first: Some(first), last: Some(last), tree_size: Some(tree_size), sha256: Some(sha256) } => {
            confirm(Kept { first, last, tree_size, sha256 })
        }
        _ => Err(Problem::new(
            Code::InvalidArchive,
            "give {} for the next segment; first, last, tree_size and sha256 to confirm one; or a file to restore",
        )),
    }
}

fn hand_out() -> Result<Response, Problem> {
    let store = store::open()?;
    let archived_until = log::archived_until(&store)?;
    match archive::next(&store)? {
        None => ok(&json!({"file": null, "archived_until": archived_until})),
        Some(file) => ok(&json!({
            "first": file.first,
            "last": file.last,
            "tree_size": file.tree_size,
            "sha256": Digest::of(file.text.as_bytes()),
            "file": file.text,
            "archived_until": archived_until,
        })),
    }
}

fn confirm(kept: Kept) -> Result<Response, Problem> {
    let store = store::open()?;
    let duplicate = archive::confirm(&store, kept)?;
    let Kept { first, last, .. } = kept;
    let archived_until = last.max(log::archived_until(&store)?);
    ok(&json!({"first": first, "last": last, "archived_until": archived_until, "duplicate": duplicate}))
}

fn restore(body: &[u8]) -> Result<Response, Problem> {
    let invalid = |detail: String| Problem::new(Code::InvalidSegment, detail);
    let text = std::str::from_utf8(body).map_err(|_| invalid("the file is not UTF-8".into()))?;
    let segment = Segment::read(text).map_err(|error| invalid(error.to_string()))?;
    let (first, last) = (segment.header.first, segment.header.last);
    let store = store::open()?;
    let restored = archive::restore(&store, segment)?;
    let archived_until = log::archived_until(&store)?;
    ok(&json!({"first": first, "last": last, "restored": restored, "archived_until": archived_until}))
}
