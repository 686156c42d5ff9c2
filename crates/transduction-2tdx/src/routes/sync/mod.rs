//! `/sync` and `/2tdx`: what the component says of itself, and the routes of synchronisation (`docs/sync.md`).

pub(crate) mod asked;
pub(crate) mod exchange;
mod happenings;
mod link;
pub(crate) mod log;
mod mend;
mod neighbours;
pub(crate) mod object;
mod pages;
pub(crate) mod peers;
pub(crate) mod rollback;
pub(crate) mod rolled;
pub(crate) mod round;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod verify;

use ramanujan_core::{Code, Problem};
use ramanujan_shell::Request;
use ramanujan_sync::Settings;
use serde_json::{Map, Value, json};

use crate::settings::{self, LOCAL_ENDPOINT, MAX_LATENCY_MS, VERS, VERS_ENDPOINT};
use crate::sites::peer::Peer;
use crate::store;

/// Who says what the log and the timeline are told.
const COMPONENT: &str = "transduction-2tdx";

/// This site and its peers.
struct Site {
    settings: Settings,
    peers: Vec<Peer>,
}

impl Site {
    /// As the variables and the table of peers have it; with `vers` if it is named.
    fn load(named: Option<&str>) -> Result<Self, Problem> {
        let settings = settings::engine()?;
        let mut peers = settings::peers(named)?;
        // What a variable says wins.
        let added = store::peers::all()?;
        let is_new = |peer: &Peer| !peers.iter().any(|known| known.name == peer.name);
        let added: Vec<Peer> = added.into_iter().filter(is_new).collect();
        peers.extend(added);
        if let Some(peer) = peers.iter().find(|peer| peer.name == settings.site) {
            let detail = format!("the peer {} has the name of this site: set SITE_ID to another", peer.name);
            return Err(Problem::new(Code::InvalidSetting, detail));
        }
        Ok(Site { settings, peers })
    }

    fn peer(&self, name: &str) -> Result<&Peer, Problem> {
        self.peers.iter().find(|peer| peer.name.as_str() == name).ok_or_else(|| {
            let hint = if name == VERS { "; set VERS_ENDPOINT" } else { "" };
            Problem::new(Code::UnknownPeer, format!("there is no peer {name:.140?}{hint}"))
        })
    }
}

pub(crate) async fn members(_: Request) -> Result<Map<String, Value>, Problem> {
    let mut members = Map::new();
    members.insert("service".into(), "2TDX Transduction".into());
    members.insert("mode".into(), "bidirectional".into());
    members.insert("self_verification".into(), "enabled".into());
    members.insert("max_latency_ms".into(), MAX_LATENCY_MS.read()?.into());
    members.insert("site".into(), settings::engine()?.site.as_str().into());
    let endpoint = |text: String| if text.is_empty() { Value::Null } else { text.into() };
    members.insert("local_endpoint".into(), endpoint(LOCAL_ENDPOINT.given()?));
    members.insert("vers_endpoint".into(), endpoint(VERS_ENDPOINT.given()?));
    // The members above say what the component is for; this one says what it does.
    members.insert("implemented".into(), json!({"sync": true, "skill": true}));
    Ok(members)
}

/// Whether the store can be written.
pub(crate) async fn health(_: Request) -> Result<Map<String, Value>, Problem> {
    store::check()
}
