//! `GET /sync/status`: how it stands with each peer; `GET /sync/network`: what the peers say of theirs.

use ramanujan_core::{Problem, time};
use ramanujan_shell::{Request, Response, now_millis, ok};
use ramanujan_sync::interest::Shared;
use ramanujan_sync::limits::{BUDGET, MAX_DOCUMENTS, MAX_EVIDENCE};
use ramanujan_sync::message::{Cursor, Want};
use ramanujan_sync::store::{Answer, Question};
use serde::Serialize;
use serde_json::Value;

use super::peers::{ListedPeer, QuarantineEntry};
use super::round::word;
use super::{Site, link, neighbours};
use crate::sites::ledger::Percentiles;
use crate::sites::peer::Peer;
use crate::store::evidence;
use crate::store::memory::{self, Kept};

/// What of this site a peer has not been given.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "SyncLag"))]
pub(crate) struct Lag {
    /// Documents.
    documents: u64,
    /// Deltas of them.
    deltas: u64,
    /// Bytes of these, encoded.
    bytes: u64,
    /// There is more than was counted.
    at_least: bool,
    /// The place in the own log is not known: all documents are compared first, and the lag is that of a first copy.
    unknown: bool,
}

/// A peer.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "PeerStatus"))]
pub(crate) struct PeerState {
    #[serde(flatten)]
    peer: ListedPeer,
    /// Version of its manifest, once it was heard.
    manifest: Option<String>,
    /// Place in its feed, in hexadecimal digits.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<String>"))]
    pull_cursor: Option<Cursor>,
    /// Place in this site's feed.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<String>"))]
    push_cursor: Option<Cursor>,
    /// What it has not been given; null where nothing is given of this site's accord, or crdt-service did not answer.
    lag: Option<Lag>,
    /// When a round ended well last, RFC 3339.
    last_success: Option<String>,
    /// Rounds that ended well.
    rounds: u64,
    /// Rounds that failed since then.
    failures: u64,
    /// Why the last one failed, for programs.
    trouble: Option<String>,
    /// Why, for people.
    detail: Option<String>,
    /// Times of the last hundred exchanges, in milliseconds.
    exchange_ms: Option<Percentiles>,
    /// Times of the last hundred rounds.
    round_ms: Option<Percentiles>,
    /// What is not taken from it.
    quarantines: Vec<QuarantineEntry>,
    /// Documents that differ and cannot be mended from there.
    stuck: Vec<String>,
    /// Somebody makes a round with it now.
    running: bool,
    /// Milliseconds until the next round; null if none is made of this site's accord.
    next_ms: Option<u64>,
}

/// How it stands.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Status {
    /// This site.
    site: String,
    /// Version of its manifest.
    manifest: String,
    /// Each peer.
    peers: Vec<PeerState>,
    /// Pieces of evidence that are kept; GET /sync/log names them.
    evidence: usize,
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    ok(&status(&Site::load(None)?).await?)
}

async fn status(site: &Site) -> Result<Status, Problem> {
    let mut memories = memory::all()?;
    let mut peers = Vec::new();
    for peer in &site.peers {
        peers.push(state(peer, memories.remove(peer.name.as_str()).unwrap_or_default()).await?);
    }
    Ok(Status {
        site: site.settings.site.to_string(),
        manifest: site.settings.manifest.clone(),
        peers,
        evidence: evidence::all(2 * MAX_EVIDENCE as u64)?.len(),
    })
}

/// How long a peer may take to say how it stands, in milliseconds: somebody is looking.
const LOOK_MS: u64 = 1_000;

/// A site of the network.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct NetworkSite {
    /// Its name.
    name: String,
    /// What its `GET /sync/status` says; null if it did not answer, or is left alone because it did not before.
    status: Option<Value>,
}

/// This site and its peers, as each says of itself.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct SiteNetwork {
    /// This site.
    site: String,
    /// This site first, then its peers.
    sites: Vec<NetworkSite>,
}

pub(crate) async fn network(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let site = Site::load(None)?;
    let own = status(&site).await?;
    let name = own.site.clone();
    let alone: Vec<bool> = own.peers.iter().map(|peer| peer.failures > 0 && peer.next_ms > Some(0)).collect();
    let mut sites = vec![NetworkSite { name: name.clone(), status: Some(serde_json::to_value(&own)?) }];
    for (peer, alone) in site.peers.iter().zip(alone) {
        let timeout_ms = site.settings.timeout_ms.min(LOOK_MS);
        let status = match alone {
            true => None,
            false => link::read(peer, "/sync/status", timeout_ms).await.ok(),
        };
        sites.push(NetworkSite { name: peer.name.to_string(), status });
    }
    ok(&SiteNetwork { site: name, sites })
}

async fn state(peer: &Peer, kept: Kept) -> Result<PeerState, Problem> {
    let now = now_millis();
    let barred = evidence::quarantines(Some(&peer.name))?;
    let memory = kept.memory(&peer.exchanges(), 0);
    let pushes = peer.way.direction().is_some_and(|direction| direction.pushes());
    let lag = if pushes { lag(peer, &memory).await } else { None };
    Ok(PeerState {
        peer: ListedPeer::of(peer),
        manifest: memory.greeted.map(|(manifest, _)| manifest),
        pull_cursor: memory.cursors.pull,
        push_cursor: memory.cursors.push,
        lag,
        last_success: kept.succeeded.map(time::format_rfc3339),
        rounds: kept.rounds,
        failures: kept.failures,
        trouble: kept.trouble.map(word),
        detail: kept.detail,
        exchange_ms: Percentiles::of(&kept.exchange_times),
        round_ms: Percentiles::of(&kept.round_times),
        quarantines: barred
            .into_iter()
            .map(|barred| QuarantineEntry {
                document_id: barred.quarantine.document.to_string(),
                agent_id: barred.quarantine.agent.to_string(),
                from: barred.quarantine.from,
                since: Some(barred.since),
            })
            .collect(),
        stuck: kept.stuck.iter().map(|(document, _)| document.to_string()).collect(),
        running: kept.lease > now,
        next_ms: peer.way.direction().map(|_| kept.due.saturating_sub(now)),
    })
}

/// What is past the push cursor, as far as one page of the feed goes.
async fn lag(peer: &Peer, memory: &ramanujan_sync::engine::Memory) -> Option<Lag> {
    let theirs = memory.greeted.as_ref().map(|(_, interest)| interest.clone()).unwrap_or_default();
    let question = Question::Feed {
        after: memory.cursors.push.clone().unwrap_or_default(),
        shared: Shared { ours: peer.interest.clone(), theirs },
        most: MAX_DOCUMENTS,
        budget: BUDGET,
    };
    let (changes, more) = match neighbours::answer(&question).await.ok()? {
        Answer::Feed { changes, more, .. } => (changes, more),
        Answer::Stale => return Some(Lag { unknown: true, ..Lag::default() }),
        _ => return None,
    };
    let mut lag = Lag {
        documents: changes.len() as u64,
        deltas: changes.iter().flat_map(|change| &change.ranges).map(|range| range.count()).sum(),
        at_least: more,
        unknown: memory.cursors.push.is_none(),
        ..Lag::default()
    };
    let wants = changes.into_iter().filter(|change| !change.ranges.is_empty());
    let wants: Vec<Want> = wants
        .map(|change| Want { document: change.document, ranges: change.ranges, hashes: false })
        .collect();
    if !wants.is_empty()
        && let Answer::Read(read) =
            neighbours::answer(&Question::Read { wants, budget: BUDGET }).await.ok()?
    {
        lag.at_least |= read.iter().any(Option::is_none);
        let read: Vec<_> = read.into_iter().flatten().collect();
        lag.bytes = read.iter().map(|stored| stored.pack.deltas.0.len() as u64).sum();
        let counted: u64 = read.iter().flat_map(|stored| &stored.ranges).map(|range| range.count()).sum();
        lag.at_least |= counted < lag.deltas;
    }
    Some(lag)
}
