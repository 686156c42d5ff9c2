//! `/sync/peers`: who this site exchanges with.

use http::StatusCode;
use ramanujan_core::{AgentId, Code, DocumentId, Problem};
use ramanujan_shell::{Request, Response, now_millis, ok};
use ramanujan_sync::SiteId;
use ramanujan_sync::engine::Quarantine;
use ramanujan_sync::interest::Interest;
use ramanujan_sync::limits::MAX_PEERS;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Site, neighbours};
use crate::settings::{self, VERS};
use crate::sites::event;
use crate::sites::peer::{self, Grant, NoPeer, Peer, Way};
use crate::store::due::{self, Due};
use crate::store::log::Happened;
use crate::store::{evidence, memory, peers as stored};

/// A peer as it is added.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPeer {
    /// Its name: the SITE_ID of the site there.
    name: AgentId,
    /// Its address, `http://host:port` or `https://host`.
    url: String,
    /// What this site does with it of its own accord.
    #[serde(default)]
    direction: Way,
    /// What it may do here.
    #[serde(default)]
    grants: Grant,
    /// Patterns of the ids of the documents that are exchanged, `*` for any characters; left out or empty: all.
    #[serde(default)]
    documents: Vec<String>,
}

/// A peer.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct ListedPeer {
    /// Its name.
    name: String,
    /// Its address.
    url: String,
    /// What this site does with it of its own accord.
    direction: Way,
    /// What it may do here.
    grants: Grant,
    /// Patterns of the ids of the documents that are exchanged; empty: all.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Vec<String>"))]
    documents: Interest,
    /// The variable that lists it; null of one that a request added.
    variable: Option<&'static str>,
}

impl ListedPeer {
    pub(super) fn of(peer: &Peer) -> Self {
        ListedPeer {
            name: peer.name.to_string(),
            url: peer.address.clone(),
            direction: peer.way,
            grants: peer.grants,
            documents: peer.interest.clone(),
            variable: peer.variable,
        }
    }
}

/// All peers.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Peers {
    /// This site.
    site: String,
    /// Those of the variables first, then those that requests added; at most 64.
    peers: Vec<ListedPeer>,
}

pub(crate) async fn list(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let site = Site::load(None)?;
    ok(&Peers {
        site: site.settings.site.to_string(),
        peers: site.peers.iter().map(ListedPeer::of).collect(),
    })
}

fn fixed(name: &str, variable: &str) -> Problem {
    Problem::new(Code::FixedPeer, format!("{name} is listed by the variable {variable}"))
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let new: NewPeer = request.json()?;
    let invalid = |error: NoPeer| Problem::new(Code::InvalidPeer, error.to_string());
    let peer = Peer {
        name: new.name,
        address: peer::address(new.url.trim()).map_err(invalid)?,
        way: new.direction,
        grants: new.grants,
        interest: peer::interest(new.documents.iter().map(String::as_str)).map_err(invalid)?,
        key: None,
        variable: None,
    };
    if peer.name == settings::engine()?.site || peer.name.as_str() == "local" {
        let detail = format!("{} is the name of this site; SITE_ID must differ between peers", peer.name);
        return Err(Problem::new(Code::InvalidPeer, detail).with("member", "name"));
    }
    let of_variables = settings::peers(Some(VERS))?;
    if let Some(known) = of_variables.iter().find(|known| known.name == peer.name) {
        return Err(fixed(peer.name.as_str(), known.variable.unwrap_or_default()));
    }
    if !stored::put(&peer, MAX_PEERS.saturating_sub(of_variables.len()))? {
        return Err(Problem::new(Code::TooManyPeers, format!("a site has at most {MAX_PEERS} peers")));
    }
    ok(&ListedPeer::of(&peer))
}

pub(crate) async fn delete(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let name: AgentId = request.parse_param("name")?;
    if !stored::delete(name.as_str())? {
        return Err(match Site::load(None)?.peer(name.as_str()) {
            Ok(peer) => fixed(name.as_str(), peer.variable.unwrap_or_default()),
            Err(unknown) => unknown,
        });
    }
    // Its cursors say nothing to a site that comes under the name later; what it was found to do stays.
    memory::forget(&name)?;
    let mut response = ok(&json!({"deleted": name}))?;
    *response.status_mut() = StatusCode::OK;
    Ok(response)
}

/// What is released; everything where nothing is said.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Release {
    /// The document.
    document_id: Option<DocumentId>,
    /// The agent.
    agent_id: Option<AgentId>,
}

/// A quarantine.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "Quarantine"))]
pub(crate) struct QuarantineEntry {
    /// The document.
    pub(super) document_id: String,
    /// Whose deltas of it are not taken from this peer.
    pub(super) agent_id: String,
    /// Number of the first that is not.
    pub(super) from: u64,
    /// Since when, RFC 3339; null of one that was just released.
    pub(super) since: Option<String>,
}

/// What was released.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Released {
    /// The peer.
    peer: String,
    /// The quarantines that were lifted. What the peer says of these documents is compared in the next round.
    released: Vec<QuarantineEntry>,
}

pub(crate) async fn release(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let site = Site::load(Some(VERS))?;
    let peer = site.peer(request.param("name"))?;
    let wanted: Release = if request.body.is_empty() { Release::default() } else { request.json()? };
    let document = wanted.document_id.as_ref().map(DocumentId::as_str);
    let agent = wanted.agent_id.as_ref().map(AgentId::as_str);
    let released = lift(site.settings.site.as_str(), &peer.name, document, agent).await?;
    let entry = |one: &Quarantine| QuarantineEntry {
        document_id: one.document.to_string(),
        agent_id: one.agent.to_string(),
        from: one.from,
        since: None,
    };
    ok(&Released { peer: peer.name.to_string(), released: released.iter().map(entry).collect() })
}

/// Lifts quarantines at a peer, and has all be compared with it in the next round.
pub(super) async fn lift(
    own: &str,
    peer: &SiteId,
    document: Option<&str>,
    agent: Option<&str>,
) -> Result<Vec<Quarantine>, Problem> {
    let released = evidence::release(peer, document, agent)?;
    memory::suspect(peer)?;
    memory::unstick(peer)?;
    let at = now_millis();
    let happened = released.iter().map(|one| Happened {
        kind: "released",
        site: Some(one.site.to_string()),
        document: Some(one.document.to_string()),
        detail: json!({"agent": one.agent, "from": one.from}),
    });
    crate::store::log::append(&happened.collect::<Vec<_>>())?;
    let events = released.iter().map(|one| Due::Event(event::released(own, one, at)));
    neighbours::tell(&due::insert(events.collect())?).await;
    Ok(released)
}
