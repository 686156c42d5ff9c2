//! `POST /sync/verify`: recomputes documents from their deltas, here and at a peer, and says where they differ.

use std::collections::BTreeMap;

use ramanujan_core::{Code, Digest, DocumentId, Problem};
use ramanujan_shell::{Request, Response, ok};
use ramanujan_sync::interest::Shared;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::asked::{Doing, SyncRequest, invalid};
use super::object::read_on;
use super::pages::{self, Documents};
use super::{Site, link};
use crate::settings::MAX_LATENCY_MS;
use crate::sites::check::{Check, Checked};
use crate::sites::ledger::Budget;
use crate::sites::peer::Peer;
use crate::store::log::{self, Happened};
use crate::store::memory;

/// How often a peer is asked for what it had no time for.
const MAX_ASKS: usize = 16;

/// Most documents that the log's entry names.
const MAX_NAMED: usize = 32;

/// A document here, and at the peer if one was named.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "ComparedDocument"))]
pub(crate) struct Compared {
    /// The document.
    document_id: DocumentId,
    /// Whether all that was recomputed follows, and the digests are equal where there are two.
    agrees: bool,
    /// At the site that was asked; null if it has no such document.
    ours: Option<Checked>,
    /// At the peer; null if it has no such document, or none was named.
    theirs: Option<Checked>,
}

/// What was found.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct VerifyReply {
    /// `verify`.
    operation: Doing,
    /// The peer that was named, or `local`.
    target: String,
    /// Each document.
    documents: Vec<Compared>,
    /// Documents whose digests differ, or that one side lacks.
    differing: usize,
    /// Documents of which something does not follow from the deltas here.
    broken_here: usize,
    /// ... and at the peer.
    broken_there: usize,
    /// The time was up: the next call goes on at `next_cursor`.
    degraded: bool,
    /// Pass as `cursor` to go on; null at the end.
    next_cursor: Option<String>,
    /// What `/sync/object/{hash}` finds the entry of the log by.
    digest: Option<Digest>,
    /// How long the call took, in milliseconds.
    latency_ms: u64,
    /// How long it may take.
    budget_ms: u64,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let wanted: SyncRequest =
        if request.body.is_empty() { SyncRequest::default() } else { request.json()? };
    run(wanted).await
}

/// Which half of the comparison a cursor is in: documents here, or those that only the peer has.
const OURS: &str = "ours-";
const THEIRS: &str = "theirs-";

pub(super) async fn run(wanted: SyncRequest) -> Result<Response, Problem> {
    if wanted.at.is_some() || wanted.agent_id.is_some() {
        return Err(invalid("at and agent_id belong to rollback"));
    }
    let limit = pages::limit(&wanted)?;
    let budget = Budget::of(MAX_LATENCY_MS.read()?);
    let target = wanted.target.clone().unwrap_or_else(|| "local".to_owned());
    let site = Site::load(Some(&target))?;
    let peer = if target == "local" { None } else { Some(site.peer(&target)?) };
    let cursor = wanted.cursor.as_deref();
    let (theirs, place) = match cursor.and_then(|text| text.strip_prefix(THEIRS)) {
        Some(rest) if peer.is_some() && wanted.documents.is_none() => (true, pages::place(Some(rest))?),
        _ => (false, pages::place(cursor.map(|text| text.strip_prefix(OURS).unwrap_or(text)))?),
    };
    // What both are interested in, as far as the peer has said.
    let mut shared = Shared::default();
    if let Some(peer) = peer {
        shared.ours = peer.interest.clone();
        let greeted = memory::one(&peer.name)?.memory(&peer.exchanges(), 0).greeted;
        shared.theirs = greeted.map(|(_, interest)| interest).unwrap_or_default();
    }
    let recompute = wanted.recompute.unwrap_or(true);
    let job = Job { site: &site, peer, shared, budget: &budget, limit, recompute };
    let (documents, next) = match theirs {
        true => job.only_there(place).await?,
        false => job.here(wanted.documents.as_deref(), place).await?,
    };
    let next_cursor = match (next, peer) {
        (Some(next), None) => Some(pages::written(next)),
        (Some(next), Some(_)) => {
            Some(format!("{}{}", if theirs { THEIRS } else { OURS }, pages::written(next)))
        }
        (None, Some(_)) if !theirs && wanted.documents.is_none() => {
            Some(format!("{THEIRS}{}", pages::written(0)))
        }
        (None, _) => None,
    };
    let digest_of = |side: &Option<Checked>| side.as_ref().and_then(|checked| checked.digest);
    let differs = |one: &&Compared| peer.is_some() && digest_of(&one.ours) != digest_of(&one.theirs);
    let broken = |side: &Option<Checked>| side.as_ref().is_some_and(|checked| !checked.follows);
    let named = documents.iter().filter(|one| !one.agrees).take(MAX_NAMED).map(|one| &one.document_id);
    let detail = json!({
        "target": target,
        "documents": documents.len(),
        "disagree": documents.iter().filter(|one| !one.agrees).count(),
        "named": named.collect::<Vec<_>>(),
    });
    let entry =
        Happened { kind: "verify", site: peer.map(|peer| peer.name.to_string()), document: None, detail };
    let digest = if job.recompute { log::append(&[entry])?.first().copied() } else { None };
    ok(&VerifyReply {
        operation: Doing::Verify,
        target,
        differing: documents.iter().filter(differs).count(),
        broken_here: documents.iter().filter(|one| broken(&one.ours)).count(),
        broken_there: documents.iter().filter(|one| broken(&one.theirs)).count(),
        documents,
        degraded: next_cursor.is_some() && budget.is_over(),
        next_cursor,
        digest,
        latency_ms: budget.spent_ms(),
        budget_ms: budget.most_ms(),
    })
}

struct Job<'a> {
    site: &'a Site,
    peer: Option<&'a Peer>,
    /// Which documents are compared where none are named.
    shared: Shared,
    budget: &'a Budget,
    limit: u64,
    /// Whether deltas are read; else only what is said of documents.
    recompute: bool,
}

#[derive(Serialize)]
struct Ask<'a> {
    operation: Doing,
    target: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    documents: Option<&'a [DocumentId]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    limit: u64,
    recompute: bool,
}

impl Job<'_> {
    /// Documents of this site, each compared with the peer's.
    async fn here(
        &self,
        named: Option<&[DocumentId]>,
        place: u64,
    ) -> Result<(Vec<Compared>, Option<u64>), Problem> {
        let Documents { documents, mut next } = match named {
            Some(named) => pages::of_named(named, place, self.limit),
            None => pages::of_all(&self.shared, place, self.limit).await?,
        };
        let mut all = Vec::new();
        for (document, after) in documents {
            let ours = self.check(&document).await?;
            all.push((document, ours, after));
            // At least one, whatever the budget is.
            if self.budget.is_over() {
                next = after;
                break;
            }
        }
        let mut theirs = BTreeMap::new();
        if let Some(peer) = self.peer {
            let documents: Vec<DocumentId> = all.iter().map(|(document, ..)| document.clone()).collect();
            let (found, answered) = self.there(peer, &documents).await?;
            theirs = found;
            if answered < all.len() {
                // What it had no time for is not compared: the next call goes on there.
                all.truncate(answered);
                next = all.last().and_then(|(.., after)| *after);
            }
        }
        let compare = |(document_id, ours, _): (DocumentId, Option<Checked>, Option<u64>)| {
            let theirs = theirs.remove(&document_id);
            let follows = |side: &Option<Checked>| side.as_ref().is_none_or(|checked| checked.follows);
            let digest = |side: &Option<Checked>| side.as_ref().and_then(|checked| checked.digest);
            let equal = self.peer.is_none() || digest(&ours) == digest(&theirs);
            Compared { agrees: follows(&ours) && follows(&theirs) && equal, document_id, ours, theirs }
        };
        Ok((all.into_iter().map(compare).collect(), next))
    }

    /// Documents as the peer recomputes them, and how many of the list it answered.
    async fn there(
        &self,
        peer: &Peer,
        documents: &[DocumentId],
    ) -> Result<(BTreeMap<DocumentId, Checked>, usize), Problem> {
        let (mut found, mut answered) = (BTreeMap::new(), 0);
        for asked in 0..MAX_ASKS {
            if answered == documents.len() || asked > 0 && self.budget.is_over() {
                break;
            }
            let reply = self.request(peer, Some(&documents[answered..]), None).await?;
            if reply.documents.is_empty() {
                let detail =
                    format!("{} answers for none of the documents that it was asked about", peer.name);
                return Err(Problem::new(Code::PeerRefused, detail));
            }
            answered = documents.len().min(answered + reply.documents.len());
            found.extend(reply.documents.into_iter().filter_map(|one| Some((one.document_id, one.ours?))));
        }
        Ok((found, answered))
    }

    /// Documents that the peer has and this site lacks.
    async fn only_there(&self, place: u64) -> Result<(Vec<Compared>, Option<u64>), Problem> {
        let Some(peer) = self.peer else { return Ok((Vec::new(), None)) };
        let listing = Job { recompute: false, shared: Shared::default(), ..*self };
        let reply = listing.request(peer, None, Some(pages::written(place))).await?;
        let next = reply.next_cursor.as_deref().map(|cursor| pages::place(Some(cursor))).transpose()?;
        let theirs = reply.documents.into_iter().filter_map(|one| Some((one.document_id, one.ours?)));
        let theirs: BTreeMap<DocumentId, Checked> =
            theirs.filter(|(document, _)| self.shared.holds(document)).collect();
        let states = pages::states(theirs.keys().cloned().collect()).await?;
        let lacks = |document: &DocumentId| !states.iter().any(|change| change.document == *document);
        let lacking = theirs.into_iter().filter(|(document, _)| lacks(document));
        let compared =
            |(document_id, theirs)| Compared { document_id, agrees: false, ours: None, theirs: Some(theirs) };
        Ok((lacking.map(compared).collect(), next))
    }

    async fn request(
        &self,
        peer: &Peer,
        documents: Option<&[DocumentId]>,
        cursor: Option<String>,
    ) -> Result<VerifyReply, Problem> {
        let ask = Ask {
            operation: Doing::Verify,
            target: "local",
            documents,
            cursor,
            limit: self.limit,
            recompute: self.recompute,
        };
        link::request(peer, "/sync/verify", &ask, self.site.settings.timeout_ms).await
    }

    /// Reads all deltas of a document, or what is said of it alone.
    async fn check(&self, document: &DocumentId) -> Result<Option<Checked>, Problem> {
        let states = pages::states(vec![document.clone()]).await?;
        let Some(change) = states.into_iter().next() else { return Ok(None) };
        let mut left = change.ranges.clone();
        if !self.recompute {
            let operations = left.iter().map(|range| range.count()).sum();
            let digest = Some(change.state().digest());
            return Ok(Some(Checked {
                document_id: document.clone(),
                digest,
                operations,
                follows: true,
                finding: None,
            }));
        }
        let mut check = Check::of(change);
        while !left.is_empty() {
            match read_on(document, left).await {
                Ok(Some((pack, rest))) => {
                    left = if check.take(&pack) { rest } else { Vec::new() };
                }
                Ok(None) => {
                    check.spoil("not all deltas that are named are there");
                    break;
                }
                Err(problem) => {
                    // What contradicts itself is a finding; that nobody answers is none.
                    if problem.status != 500 {
                        return Err(problem);
                    }
                    check.spoil(&format!("crdt-service cannot read the document: {}", problem.detail));
                    break;
                }
            }
        }
        Ok(Some(check.finish()))
    }
}
