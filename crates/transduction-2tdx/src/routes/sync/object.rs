//! `GET /sync/object/{hash}`: what has an address by its content.

use http::Method;
use ramanujan_core::{Code, Digest, DocumentId, Problem};
use ramanujan_crdt::Delta;
use ramanujan_shell::{Request, Response, call_json, ok};
use ramanujan_sync::change::Freeze;
use ramanujan_sync::evidence::Evidence;
use ramanujan_sync::limits::BUDGET;
use ramanujan_sync::message::Want;
use ramanujan_sync::pack::Blob;
use ramanujan_sync::range::Range;
use ramanujan_sync::store::{Answer, Question};
use serde::{Deserialize, Serialize};

use super::neighbours::CRDT_SERVICE;
use super::{neighbours, pages};
use crate::store::log::Entry;
use crate::store::{evidence, log};

/// Reads of deltas among which one is looked for; each has a mebibyte at most.
const MAX_READS: usize = 16;

/// Something with an address. Which members there are follows from `kind`.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Object {
    /// What speaks against a history.
    Evidence {
        /// SHA-256 of `evidence` as compact JSON, its members in this order.
        digest: Digest,
        /// The evidence: two canonical deltas in hexadecimal digits, or one with the hashes of its parents.
        #[cfg_attr(not(target_family = "wasm"), schemars(with = "serde_json::Value"))]
        evidence: Box<Evidence>,
        /// Which peer told of it; null if this site found it.
        told_by: Option<String>,
        /// When it came here, RFC 3339.
        found: String,
        /// The dot that it is about, if it proves something, which was checked just now.
        #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<String>"))]
        proves: Option<ramanujan_core::Dot>,
        /// How anybody can check it.
        check: &'static str,
    },
    /// An entry of the log.
    Entry {
        /// The entry.
        entry: Box<Entry>,
    },
    /// A delta of the document that was named.
    Delta {
        /// SHA-256 of its canonical bytes.
        digest: Digest,
        /// The document.
        document_id: DocumentId,
        /// Its dot.
        #[cfg_attr(not(target_family = "wasm"), schemars(with = "String"))]
        operation_id: ramanujan_core::Dot,
        /// The dots of its parents.
        #[cfg_attr(not(target_family = "wasm"), schemars(with = "Vec<String>"))]
        parents: Vec<ramanujan_core::Dot>,
        /// Its canonical bytes in hexadecimal digits.
        #[cfg_attr(not(target_family = "wasm"), schemars(with = "String"))]
        canonical: Blob,
    },
    /// A delta that was taken out of the document that was named (`docs/sync.md`, "A site that was restored").
    Withdrawn {
        /// SHA-256 of its canonical bytes.
        digest: Digest,
        /// The document.
        document_id: DocumentId,
        /// Its dot, under which there is another delta now.
        #[cfg_attr(not(target_family = "wasm"), schemars(with = "String"))]
        operation_id: ramanujan_core::Dot,
        /// The dot under which the same operation came back.
        #[cfg_attr(not(target_family = "wasm"), schemars(with = "String"))]
        again: ramanujan_core::Dot,
        /// When it was taken out, RFC 3339.
        withdrawn_at: String,
        /// Its canonical bytes in hexadecimal digits.
        #[cfg_attr(not(target_family = "wasm"), schemars(with = "String"))]
        canonical: Blob,
    },
    /// A freeze of the document that was named.
    Freeze {
        /// Its id.
        digest: Digest,
        /// The document.
        document_id: DocumentId,
        /// The freeze.
        #[cfg_attr(not(target_family = "wasm"), schemars(with = "serde_json::Value"))]
        freeze: Freeze,
    },
}

/// What is said with two deltas ...
const TWO: &str = "both are canonical deltas (docs/deltas.md) of one dot and differ: no history holds both";
/// ... and what with a hash.
const ONE: &str = "the hash of the delta, SHA-256 over its digest and its parents' hashes (docs/deltas.md), is not the \
                   claimed one";

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["document"])?;
    let digest: Digest = request.parse_param("hash")?;
    if let Some(found) = evidence::find(&digest)? {
        return ok(&Object::Evidence {
            digest,
            proves: found.evidence.check().ok(),
            check: if found.evidence.digests().is_some() { TWO } else { ONE },
            evidence: Box::new(found.evidence),
            told_by: found.told_by,
            found: found.found,
        });
    }
    if let Some(entry) = log::find(&digest)? {
        return ok(&Object::Entry { entry: Box::new(entry) });
    }
    let missing = |detail: String| Problem::new(Code::NoSuchObject, detail);
    let Some(document_id) = query.parse::<DocumentId>("document")? else {
        return Err(missing(format!("neither evidence nor an entry of the log has the digest {digest}")));
    };
    if let Some(freeze) = freeze(&document_id, &digest).await? {
        return ok(&Object::Freeze { digest, document_id, freeze });
    }
    if let Some(withdrawn) = withdrawn(&document_id, &digest).await? {
        return ok(&withdrawn);
    }
    let (delta, all) = delta(&document_id, &digest).await?;
    let delta = delta.ok_or_else(|| {
        let extent = if all { "" } else { " among the first that were read" };
        missing(format!("{document_id} has no freeze and no delta with the digest {digest}{extent}"))
    })?;
    ok(&Object::Delta {
        digest,
        document_id,
        canonical: Blob(delta.canonical_bytes()),
        operation_id: delta.dot,
        parents: delta.parents,
    })
}

/// The id before a digest, in their order.
fn before(Digest(bytes): &Digest) -> Option<Digest> {
    let mut bytes = *bytes;
    for byte in bytes.iter_mut().rev() {
        let (less, borrows) = byte.overflowing_sub(1);
        *byte = less;
        if !borrows {
            return Some(Digest(bytes));
        }
    }
    None
}

async fn freeze(document: &DocumentId, id: &Digest) -> Result<Option<Freeze>, Problem> {
    let question = Question::Freezes { document: document.clone(), after: before(id), most: 1 };
    match neighbours::answer(&question).await? {
        Answer::Freezes { freezes, .. } => Ok(freezes.into_iter().find(|freeze| freeze.id(document) == *id)),
        _ => Ok(None),
    }
}

#[derive(Deserialize)]
struct Listed {
    operation_id: ramanujan_core::Dot,
    again: ramanujan_core::Dot,
    withdrawn_at: String,
    #[serde(default)]
    canonical: Blob,
}

#[derive(Deserialize)]
struct Listing {
    items: Vec<Listed>,
}

/// A delta that was taken out.
async fn withdrawn(document: &DocumentId, digest: &Digest) -> Result<Option<Object>, Problem> {
    let path = format!("/crdt/{document}/withdrawn?digest={digest}&limit=1");
    let listing: Listing = call_json(CRDT_SERVICE, Method::GET, &path, None::<&()>).await?;
    Ok(listing.items.into_iter().next().map(|Listed { operation_id, again, withdrawn_at, canonical }| {
        let (digest, document_id) = (*digest, document.clone());
        Object::Withdrawn { digest, document_id, operation_id, again, withdrawn_at, canonical }
    }))
}

/// The delta, and whether all of the document were looked at.
async fn delta(document: &DocumentId, digest: &Digest) -> Result<(Option<Delta>, bool), Problem> {
    let states = pages::states(vec![document.clone()]).await?;
    let mut left: Vec<Range> = states.into_iter().flat_map(|change| change.ranges).collect();
    for _ in 0..MAX_READS {
        if left.is_empty() {
            return Ok((None, true));
        }
        let Some((pack, rest)) = read_on(document, left).await? else { return Ok((None, true)) };
        let deltas = pack.open().unwrap_or_default();
        if let Some(delta) = deltas.into_iter().find(|delta| delta.digest() == *digest) {
            return Ok((Some(delta), true));
        }
        left = rest;
    }
    Ok((None, left.is_empty()))
}

/// Deltas of a document with their hashes, and the ranges that are left.
pub(super) async fn read_on(
    document: &DocumentId,
    ranges: Vec<Range>,
) -> Result<Option<(ramanujan_sync::pack::Pack, Vec<Range>)>, Problem> {
    let wants = vec![Want { document: document.clone(), ranges: ranges.clone(), hashes: true }];
    let Answer::Read(read) = neighbours::answer(&Question::Read { wants, budget: BUDGET }).await? else {
        return Ok(None);
    };
    let Some(stored) = read.into_iter().flatten().next() else { return Ok(None) };
    let mut left = Vec::new();
    let mut moved = false;
    for range in ranges {
        let newest = stored.ranges.iter().find(|read| read.agent == range.agent).map(|read| read.to);
        moved |= newest.is_some();
        let from = newest.map_or(range.from, |newest| newest + 1);
        if from <= range.to {
            left.push(Range::new(range.agent, from, range.to));
        }
    }
    Ok(moved.then_some((stored.pack, left)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_before_borrows_from_the_left() {
        let mut id = [0; 32];
        assert_eq!(before(&Digest(id)), None);
        id[30] = 1;
        let mut expected = [0; 32];
        expected[31] = 0xff;
        assert_eq!(before(&Digest(id)), Some(Digest(expected)));
    }
}
