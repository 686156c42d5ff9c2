//! Peers as they are listed: by variables and by requests.

use std::fmt;

use ramanujan_sync::SiteId;
use ramanujan_sync::engine::{Direction, PeerSettings};
use ramanujan_sync::interest::{Interest, Pattern};
use ramanujan_sync::limits::MAX_PATTERNS;
use serde::{Deserialize, Serialize};

/// Longest address, in bytes: a host name of the longest kind and a path.
const MAX_ADDRESS: usize = 512;

/// What this site does with a peer of its own accord.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "PeerDirection"))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Way {
    /// It fetches what is new there.
    Pull,
    /// It gives what is new here.
    Push,
    /// Both.
    #[default]
    Both,
    /// Nothing: it only answers.
    None,
}

impl Way {
    pub(crate) fn direction(self) -> Option<Direction> {
        match self {
            Way::Pull => Some(Direction::Pull),
            Way::Push => Some(Direction::Push),
            Way::Both => Some(Direction::Both),
            Way::None => None,
        }
    }

    fn read(text: &str) -> Option<Self> {
        match text {
            "pull" => Some(Way::Pull),
            "push" => Some(Way::Push),
            "both" => Some(Way::Both),
            "none" => Some(Way::None),
            _ => None,
        }
    }
}

/// What a peer may do here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "PeerGrants"))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Grant {
    /// Fetch.
    Pull,
    /// Give.
    Push,
    /// Both.
    #[default]
    Both,
}

impl Grant {
    fn direction(self) -> Direction {
        match self {
            Grant::Pull => Direction::Pull,
            Grant::Push => Direction::Push,
            Grant::Both => Direction::Both,
        }
    }
}

/// A peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) name: SiteId,
    /// `http://host[:port]`, perhaps with a path before that of the component.
    pub(crate) address: String,
    pub(crate) way: Way,
    pub(crate) grants: Grant,
    pub(crate) interest: Interest,
    /// What it wants to see.
    pub(crate) key: Option<String>,
    /// The variable that lists it; none of a peer that a request added.
    pub(crate) variable: Option<&'static str>,
}

/// Why a text is no peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoPeer {
    Name(String),
    Address(&'static str),
    Pattern(String),
    Form(String),
    Twice(String),
}

impl NoPeer {
    fn name(error: &impl fmt::Display) -> Self {
        NoPeer::Name(error.to_string())
    }
}

impl fmt::Display for NoPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoPeer::Name(reason) => write!(f, "the name of a peer: {reason}"),
            NoPeer::Address(reason) => write!(f, "the address of a peer {reason}"),
            NoPeer::Pattern(reason) => f.write_str(reason),
            NoPeer::Form(text) => write!(f, "{text:.80?} is not of the form name=address;direction;patterns"),
            NoPeer::Twice(name) => write!(f, "{name} is listed twice"),
        }
    }
}

/// Checks an address, and takes the slash off its end.
pub(crate) fn address(text: &str) -> Result<String, NoPeer> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let rest = rest.ok_or(NoPeer::Address("begins with http:// or https://"))?.trim_end_matches('/');
    if text.len() > MAX_ADDRESS {
        return Err(NoPeer::Address("has at most 512 bytes"));
    }
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]/%".contains(&byte);
    if rest.is_empty() || rest.starts_with('/') || !rest.bytes().all(legal) {
        return Err(NoPeer::Address("is scheme, host, port and path, without a user, a query or a fragment"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Patterns of document ids.
pub(crate) fn interest<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Interest, NoPeer> {
    let patterns: Result<Vec<Pattern>, _> = texts.map(str::parse).collect();
    let patterns = patterns.map_err(|error| NoPeer::Pattern(error.to_string()))?;
    match patterns.len() > MAX_PATTERNS {
        true => Err(NoPeer::Pattern(format!("a peer has at most {MAX_PATTERNS} patterns"))),
        false => Ok(Interest(patterns)),
    }
}

impl Peer {
    /// A peer with which everything is exchanged.
    pub(crate) fn at(name: &str, at: &str) -> Result<Self, NoPeer> {
        let name = name.parse::<SiteId>().map_err(|error| NoPeer::name(&error))?;
        Ok(Peer {
            name,
            address: address(at)?,
            way: Way::Both,
            grants: Grant::Both,
            interest: Interest::all(),
            key: None,
            variable: None,
        })
    }

    /// What the engine has to know of it, when a round is made in a direction.
    pub(crate) fn settings(&self, direction: Option<Direction>) -> PeerSettings {
        PeerSettings {
            site: self.name.clone(),
            direction,
            grants: self.grants.direction(),
            interest: self.interest.clone(),
        }
    }

    /// Text that is another where what is exchanged is: then cursors say nothing any more.
    pub(crate) fn exchanges(&self) -> String {
        let patterns: Vec<&str> = self.interest.0.iter().map(Pattern::as_str).collect();
        format!("{} {:?} {}", self.address, self.way, patterns.join(" "))
    }
}

/// The peers of `SYNC_PEERS`: `name=address`, with `;direction` and `;pattern pattern` in any order, separated by commas.
pub(crate) fn list(text: &str) -> Result<Vec<Peer>, NoPeer> {
    let mut peers: Vec<Peer> = Vec::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let mut parts = entry.split(';').map(str::trim);
        let (name, at) = parts
            .next()
            .and_then(|part| part.split_once('='))
            .ok_or_else(|| NoPeer::Form(entry.to_owned()))?;
        let mut peer = Peer::at(name.trim(), at.trim())?;
        peer.variable = Some("SYNC_PEERS");
        for part in parts.filter(|part| !part.is_empty()) {
            match Way::read(part) {
                Some(way) => peer.way = way,
                None => peer.interest = interest(part.split_whitespace())?,
            }
        }
        if peers.iter().any(|known| known.name == peer.name) {
            return Err(NoPeer::Twice(peer.name.to_string()));
        }
        peers.push(peer);
    }
    Ok(peers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_read_as_they_are_written() {
        let text = "vienna=http://127.0.0.1:8081/, porto = https://porto.example/net ;pull; notes-* team.* ,x=http://x;none";
        let peers = list(text).unwrap();
        let shown: Vec<(&str, &str, Way, usize)> = peers
            .iter()
            .map(|peer| (peer.name.as_str(), peer.address.as_str(), peer.way, peer.interest.0.len()))
            .collect();
        assert_eq!(
            shown,
            [
                ("vienna", "http://127.0.0.1:8081", Way::Both, 0),
                ("porto", "https://porto.example/net", Way::Pull, 2),
                ("x", "http://x", Way::None, 0),
            ]
        );
        assert_eq!(list(" , "), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_peer_is_told_why() {
        for (text, reason) in [
            ("vienna", "form"),
            ("v v=http://x", "name"),
            ("v=ftp://x", "http://"),
            ("v=http://", "scheme, host"),
            ("v=http://user@x", "without a user"),
            ("v=http://x?y=1", "without a user"),
            ("v=http://x;notes/*", "pattern"),
            ("v=http://x,v=http://y", "twice"),
        ] {
            let error = list(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
