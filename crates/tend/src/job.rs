//! What is called, and what its replies say. A further job is a variant, its row, and its reader.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

/// Something that must be done now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Job {
    /// A round of synchronisation with the peers whose turn it is, and what the rounds before left over.
    Sync,
    /// A part of the timeline's causal index.
    Index,
    /// Work that crdt-service put off.
    Drain,
}

/// What a job is made of.
struct Row {
    name: &'static str,
    /// The component that does it, by its name in the manifest.
    component: &'static str,
    path: &'static str,
    body: &'static str,
    /// Default time between two calls where nothing is left to do.
    every: Duration,
}

/// A peer's news should be here within a second or two.
const SYNC: Row = Row {
    name: "sync",
    component: "transduction-sync",
    path: "/sync",
    body: r#"{"operation":"sync"}"#,
    every: Duration::from_secs(1),
};
/// Who asks in causal order indexes a short rest by himself, so that this need not be exact.
const INDEX: Row = Row {
    name: "index",
    component: "interaction-timeline",
    path: "/timeline/index",
    body: "{}",
    every: Duration::from_secs(2),
};
/// Nobody waits for what is put off: it makes later reads cheaper.
const DRAIN: Row = Row {
    name: "drain",
    component: "crdt-service",
    path: "/crdt/cache/drain",
    body: "{}",
    every: Duration::from_secs(5),
};

/// What a reply says about the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Nothing is left to do.
    Interval,
    /// There is more to do, and the last call brought it on.
    AtOnce,
    /// The component says when.
    In(Duration),
}

/// A reply as a job reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Why only a part was possible, e.g. because a peer is away.
    pub(crate) degraded: Option<String>,
    pub(crate) wish: Wish,
    /// How far the work is, if that says something: a call that leaves it as it was is no reason for another at once.
    pub(crate) reached: Option<(u64, u64)>,
}

#[derive(Deserialize)]
struct Synced {
    #[serde(default)]
    degraded: bool,
    #[serde(default)]
    next_ms: Option<u64>,
    #[serde(default)]
    peers: Vec<Peer>,
}

/// A peer in the reply to a round.
#[derive(Deserialize)]
struct Peer {
    peer: String,
    state: String,
    #[serde(default)]
    detail: Option<String>,
}

impl Synced {
    /// What is left, by peer.
    fn left(&self) -> String {
        let failed = self.peers.iter().filter(|peer| peer.state == "failed");
        let why = |peer: &Peer| {
            peer.detail.clone().unwrap_or_else(|| format!("the round with {} failed", peer.peer))
        };
        let failed: Vec<String> = failed.map(why).collect();
        if failed.is_empty() { "the time was up; the next calls go on".to_owned() } else { failed.join("; ") }
    }
}

#[derive(Deserialize)]
struct Indexed {
    complete: bool,
    indexed_until: u64,
    unsettled: u64,
}

#[derive(Deserialize)]
struct Drained {
    processed: u64,
    remaining: u64,
}

impl Job {
    /// Every job, in the order of the help.
    pub const ALL: [Job; 3] = [Job::Sync, Job::Index, Job::Drain];

    fn row(self) -> &'static Row {
        match self {
            Job::Sync => &SYNC,
            Job::Index => &INDEX,
            Job::Drain => &DRAIN,
        }
    }

    /// The name on the command line and in reports.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The component that does it, by its name in spin.toml.
    pub fn component(self) -> &'static str {
        self.row().component
    }

    /// Time between two calls where nothing is left to do, unless an option says otherwise.
    pub fn every(self) -> Duration {
        self.row().every
    }

    pub(crate) fn path(self) -> &'static str {
        self.row().path
    }

    pub(crate) fn body(self) -> &'static [u8] {
        self.row().body.as_bytes()
    }

    /// Reads a reply; the error says what it lacks.
    pub(crate) fn read(self, body: serde_json::Value) -> Result<Reply, serde_json::Error> {
        Ok(match self {
            Job::Sync => {
                let synced: Synced = serde_json::from_value(body)?;
                let wish = synced.next_ms.map_or(Wish::Interval, |ms| Wish::In(Duration::from_millis(ms)));
                Reply { degraded: synced.degraded.then(|| synced.left()), wish, reached: None }
            }
            Job::Index => {
                let Indexed { complete, indexed_until, unsettled } = serde_json::from_value(body)?;
                let wish = if complete { Wish::Interval } else { Wish::AtOnce };
                Reply { degraded: None, wish, reached: Some((indexed_until, unsettled)) }
            }
            Job::Drain => {
                let Drained { processed, remaining } = serde_json::from_value(body)?;
                let wish = if remaining > 0 && processed > 0 { Wish::AtOnce } else { Wish::Interval };
                Reply { degraded: None, wish, reached: None }
            }
        })
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Job {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Job::ALL.into_iter().find(|job| job.name() == text.trim());
        found.ok_or_else(|| format!("{text:?} is not one of {}", Job::ALL.map(Job::name).join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_read_back_and_others_refused_with_a_list() {
        for job in Job::ALL {
            assert_eq!(job.name().parse(), Ok(job));
        }
        assert_eq!("seal".parse::<Job>().unwrap_err(), r#""seal" is not one of sync, index, drain"#);
    }

    #[test]
    fn replies_say_when_the_next_call_is_due() {
        let wish = |job: Job, body| job.read(body).unwrap().wish;
        assert_eq!(wish(Job::Sync, json!({"next_ms": 250})), Wish::In(Duration::from_millis(250)));
        assert_eq!(wish(Job::Sync, json!({"status": "ok"})), Wish::Interval);
        let degraded = |peers| Job::Sync.read(json!({"degraded": true, "peers": peers})).unwrap().degraded;
        let partial = json!([{"peer": "a", "state": "partial"}]);
        assert_eq!(degraded(partial).as_deref(), Some("the time was up; the next calls go on"));
        let failed = json!([{"peer": "a", "state": "failed", "detail": "a is away"}, {"peer": "b", "state": "failed"}]);
        assert_eq!(degraded(failed).as_deref(), Some("a is away; the round with b failed"));
        assert_eq!(Job::Sync.read(json!({"degraded": false})).unwrap().degraded, None);
        let indexed =
            |complete| json!({"complete": complete, "indexed_until": 7, "last_seq": 9, "unsettled": 0});
        assert_eq!(wish(Job::Index, indexed(true)), Wish::Interval);
        assert_eq!(wish(Job::Index, indexed(false)), Wish::AtOnce);
        let drained = |processed, remaining| json!({"processed": processed, "remaining": remaining});
        assert_eq!(wish(Job::Drain, drained(100, 3)), Wish::AtOnce);
        assert_eq!(wish(Job::Drain, drained(3, 0)), Wish::Interval);
        assert_eq!(wish(Job::Drain, drained(0, 3)), Wish::Interval, "others hold what remains");
    }

    #[test]
    fn a_reply_that_is_something_else_is_an_error() {
        for job in [Job::Index, Job::Drain] {
            assert!(job.read(json!({"status": "ok"})).is_err(), "{job}");
        }
        assert!(Job::Sync.read(json!([1])).is_err());
        assert!(Job::Sync.read(json!({"next_ms": -1})).is_err());
    }
}
