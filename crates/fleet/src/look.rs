//! One line per site: what it holds, and how far it is behind its peers.

use std::fmt;
use std::time::Duration;

use ramanujan_client::{Client, Error, Options};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Documents of a page of the list.
const PAGE: u64 = 1000;

/// Whether a site's process is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    #[default]
    Starting,
    Up,
    /// Its process is there and does not answer.
    Silent,
    /// Killed by `fleet kill`.
    Killed,
    /// Its process has ended by itself.
    Ended,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Starting => "starting",
            State::Up => "up",
            State::Silent => "silent",
            State::Killed => "killed",
            State::Ended => "ended",
        }
    }
}

/// How a site stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) state: State,
    /// Documents it holds.
    pub(crate) documents: Option<u64>,
    /// Documents and bytes that it has not given yet to the neighbour that lags most, of those with whom it begins.
    pub(crate) lag_documents: Option<u64>,
    pub(crate) lag_bytes: Option<u64>,
    /// When a round with a neighbour last ended well, RFC 3339.
    pub(crate) last_round: Option<String>,
    /// Documents of peers from which something is not taken.
    pub(crate) quarantines: u64,
    /// Its neighbours to whom nothing passes.
    pub(crate) cut_from: Vec<String>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
        write!(
            f,
            "{:<8} {:<9} {:>8} documents  lag {:>5}  last round {:<24}  {}",
            self.name,
            self.state.name(),
            number(self.documents),
            number(self.lag_documents),
            self.last_round.as_deref().unwrap_or("-"),
            self.url
        )?;
        if self.quarantines > 0 {
            write!(f, "  {} quarantined", self.quarantines)?;
        }
        if !self.cut_from.is_empty() {
            write!(f, "  cut from {}", self.cut_from.join(", "))?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Health {
    log_position: u64,
}

#[derive(Deserialize)]
struct Page {
    documents: Vec<Value>,
    next_cursor: Option<String>,
}

/// Looks at one site, and remembers what need not be asked again.
#[derive(Debug)]
pub(crate) struct Looker {
    client: Client,
    /// Position of the log at which the documents were counted, and their number.
    counted: Option<(u64, u64)>,
}

impl Looker {
    /// # Errors
    /// The address cannot be used.
    pub(crate) fn new(url: &str) -> Result<Self, Error> {
        let options = Options::new(url).connections(1).retry_for(Duration::ZERO);
        Ok(Looker { client: Client::new(options)?, counted: None })
    }

    /// Enters what the site says of itself.
    pub(crate) fn look(&mut self, line: &mut Line) {
        match self.documents() {
            Ok(documents) => (line.state, line.documents) = (State::Up, Some(documents)),
            Err(_) => line.state = State::Silent,
        }
        if line.state == State::Up
            && let Ok(Some(status)) = self.client.get("/sync/status").once().optional::<Status>()
        {
            enter(status, line);
        }
    }

    /// Counts anew only when something was stored since.
    fn documents(&mut self) -> Result<u64, Error> {
        let Health { log_position } = self.client.get("/crdt/health").once().json()?;
        if let Some((position, documents)) = self.counted
            && position == log_position
        {
            return Ok(documents);
        }
        let (mut documents, mut path) = (0, format!("/crdt?limit={PAGE}"));
        loop {
            let page: Page = self.client.get(&path).once().json()?;
            documents += page.documents.len() as u64;
            let Some(cursor) = page.next_cursor else { break };
            path = format!("/crdt?limit={PAGE}&cursor={cursor}");
        }
        self.counted = Some((log_position, documents));
        Ok(documents)
    }
}

/// What is read of `GET /sync/status`.
#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    peers: Vec<Peer>,
}

#[derive(Deserialize)]
struct Peer {
    #[serde(default)]
    lag: Option<Lag>,
    #[serde(default)]
    last_success: Option<String>,
    #[serde(default)]
    quarantines: Vec<Value>,
}

#[derive(Clone, Copy, Deserialize)]
struct Lag {
    documents: u64,
    bytes: u64,
}

/// Enters what the peer that lags most lacks, and the last success with any.
fn enter(status: Status, line: &mut Line) {
    let lags = || status.peers.iter().filter_map(|peer| peer.lag);
    line.lag_documents = lags().map(|lag| lag.documents).max();
    line.lag_bytes = lags().map(|lag| lag.bytes).max();
    line.quarantines = status.peers.iter().map(|peer| peer.quarantines.len() as u64).sum();
    // All in UTC and of one length, so that the greatest text is the latest time.
    line.last_round = status.peers.into_iter().filter_map(|peer| peer.last_success).max();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_status_is_one_line() {
        let mut line = Line { name: "site-3".into(), url: "http://x".into(), ..Line::default() };
        assert_eq!(
            line.to_string(),
            "site-3   starting         - documents  lag     -  last round -                         http://x"
        );
        let status = json!({"site": "site-3", "peers": [
            {"name": "site-4", "lag": {"documents": 5, "deltas": 7, "bytes": 10}, "quarantines": [{}],
                "last_success": "2026-12-01T00:00:01.000Z"},
            {"name": "site-6", "lag": {"documents": 3, "deltas": 3, "bytes": 70}, "last_success": null},
            {"name": "site-0", "lag": null, "last_success": "2026-12-01T00:00:00.000Z"},
        ]});
        enter(serde_json::from_value(status).unwrap(), &mut line);
        assert_eq!((line.lag_documents, line.lag_bytes, line.quarantines), (Some(5), Some(70), 1));
        (line.state, line.documents, line.cut_from) = (State::Up, Some(12), vec!["site-4".into()]);
        assert_eq!(
            line.to_string(),
            "site-3   up              12 documents  lag     5  last round 2026-12-01T00:00:01.000Z  http://x  \
             1 quarantined  cut from site-4"
        );
    }

    #[test]
    fn a_status_without_peers_says_nothing() {
        let mut line = Line::default();
        enter(serde_json::from_value(json!({"implemented": false})).unwrap(), &mut line);
        assert_eq!(line, Line::default());
    }
}
