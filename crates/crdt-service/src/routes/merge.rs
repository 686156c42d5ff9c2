//! `POST /crdt/merge`: joins two states, or a document with a state. Nothing is stored: what should stay is sent to
//! `/crdt/apply`. Answers are remembered by the digest of the encoded inputs.

use std::rc::Rc;

use ramanujan_core::{Code, DocumentId, Polarity, Problem, json};
use ramanujan_crdt::CrdtType;
use ramanujan_shell::{Request, Response, response};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::defer::{defer, is_deferred};
use crate::content::DELTA_BYTES;
use crate::later::{Deferred, Kind};
use crate::memo::key::Key;
use crate::memo::tier1;
#[cfg(not(target_family = "wasm"))]
use crate::merge::read::Wire;
use crate::merge::read::operand;
use crate::merge::reply::render;
use crate::store::{Database, tiers};
use crate::version::At;

/// Two states of one type, or a stored document and a state.
//
// The states are read only if the memo does not know the answer.
#[derive(Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema),
    schemars(extend("oneOf" = [
        {"required": ["crdt_type", "left", "right"], "properties": {"document_id": false, "remote": false}},
        {"required": ["document_id", "remote"], "properties": {"left": false, "right": false}}
    ]))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeRequest {
    /// Type of the states; with a document, it must be the document's.
    crdt_type: Option<CrdtType>,
    /// One state.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<Wire>"))]
    left: Option<Box<RawValue>>,
    /// The other.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<Wire>"))]
    right: Option<Box<RawValue>>,
    /// A stored document, as it is now.
    document_id: Option<DocumentId>,
    /// What the document is joined with.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<Wire>"))]
    remote: Option<Box<RawValue>>,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["state"])?;
    let encoded = match query.get("state") {
        None => false,
        Some("encoded") => true,
        Some(other) => {
            let detail = format!("state: {other:.40?} is not known; known: encoded");
            return Err(Problem::new(Code::InvalidParameter, detail));
        }
    };
    if is_deferred(&request) {
        return defer(Kind::Merge, &Deferred::of(&request.body, encoded)?);
    }
    let options = Options { encoded, remembered: !is_fresh(&request) };
    Ok(response::typed("application/json", merge(&request.body, options)?))
}

/// Whether the client wants nothing from a cache (RFC 9111 §5.2.1): the merge is then computed and not remembered.
fn is_fresh(request: &Request) -> bool {
    let directives = request.preference("cache-control").unwrap_or_default();
    directives.split(',').any(|directive| matches!(directive.trim(), "no-cache" | "no-store"))
}

/// How a merge is to be answered.
#[derive(Clone, Copy)]
struct Options {
    /// With the encoded state.
    encoded: bool,
    /// Through the memo.
    remembered: bool,
}

impl Options {
    /// `request`: what the reply may be found by next time, without reading the states.
    fn reply(
        self,
        bytes: usize,
        key: impl FnOnce() -> Key,
        request: Option<Key>,
        compute: impl FnOnce() -> Result<(Vec<u8>, Polarity), Problem>,
    ) -> Result<(Rc<[u8]>, bool), Problem> {
        if self.remembered && tier1::worth(bytes) {
            let key = key();
            let reply = tiers::reply(key, bytes, compute)?;
            request.into_iter().for_each(|request| tier1::remember_request(request, key));
            Ok(reply)
        } else {
            Ok((compute()?.0.into(), false))
        }
    }
}

/// The reply's body of a merge that was put off.
pub(crate) fn perform(work: &Deferred) -> Result<Vec<u8>, Problem> {
    merge(work.body.get().as_bytes(), Options { encoded: work.encoded, remembered: true })
}

fn merge(body: &[u8], options: Options) -> Result<Vec<u8>, Problem> {
    let remembered = options.remembered && tier1::worth(body.len());
    let request = remembered.then(|| Key::of_request("merge", options.encoded.into(), body));
    if let Some(rest) = request.as_ref().and_then(tiers::reply_to) {
        return Ok(complete(None, true, &rest));
    }
    tier1::make_room_for(body.len());
    let (mut requests, many) = json::one_or_many(body)?;
    let invalid = |detail: &str| Problem::new(Code::InvalidMerge, detail);
    match requests.pop().filter(|_| !many) {
        Some(MergeRequest {
            crdt_type: Some(crdt_type),
            left: Some(left),
            right: Some(right),
            document_id: None,
            remote: None,
        }) => {
            let (left_raw, right_raw) = (left.get().as_bytes(), right.get().as_bytes());
            let key = || Key::of_merge(crdt_type, options.encoded.into(), left_raw, right_raw);
            let (rest, cached) = options.reply(left_raw.len() + right_raw.len(), key, request, || {
                let left = operand(crdt_type, "left", &left)?;
                render(&left.join(operand(crdt_type, "right", &right)?)?, options.encoded)
            })?;
            Ok(complete(None, cached, &rest))
        }
        Some(MergeRequest {
            crdt_type,
            left: None,
            right: None,
            document_id: Some(document),
            remote: Some(remote),
        }) => with_document(&document, crdt_type, &remote, options),
        _ => Err(invalid("give crdt_type, left and right, or document_id and remote; GET shows examples")),
    }
}

fn with_document(
    document: &DocumentId,
    claimed: Option<CrdtType>,
    remote: &RawValue,
    options: Options,
) -> Result<Vec<u8>, Problem> {
    let database = Database::open()?;
    database.refuse_deleted(document)?;
    let version = database.version(document, &At::Now)?;
    let crdt_type = version.crdt_type;
    if claimed.is_some_and(|claimed| claimed != crdt_type) {
        let detail = format!("{document} is a {crdt_type} document");
        return Err(Problem::new(Code::TypeConflict, detail));
    }
    let key = || {
        Key::of_document_merge(crdt_type, options.encoded.into(), &version.digest, remote.get().as_bytes())
    };
    // A hit saves reading the document's deltas too, so its size counts.
    let stored = usize::try_from(version.operations.saturating_mul(DELTA_BYTES)).unwrap_or(usize::MAX);
    let (rest, cached) = options.reply(remote.get().len().saturating_add(stored), key, None, || {
        let remote = operand(crdt_type, "remote", remote)?;
        database.join(document.as_str(), &version, remote, options.encoded)
    })?;
    Ok(complete(Some(document), cached, &rest))
}

/// The reply around what the key decides.
fn complete(document: Option<&DocumentId>, cached: bool, rest: &[u8]) -> Vec<u8> {
    let document = document.map_or(String::new(), |id| format!("\"document_id\":\"{id}\","));
    let head = format!("{{\"status\":\"ok\",{document}\"cached\":{cached},");
    // The members of an object, without its opening brace.
    [head.as_bytes(), rest.strip_prefix(b"{").unwrap_or(rest)].concat()
}
