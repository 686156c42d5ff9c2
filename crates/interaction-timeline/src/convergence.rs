//! Whether the replicas of a document have converged, by the clocks and fingerprints that their agents reported.
//!
//! An agent's state is what its latest event on the document says (greatest own counter, then greatest clock). The
//! document has converged if all agents have the join of all clocks and one fingerprint; two agents with equal
//! clocks and different fingerprints have diverged, which no further exchange mends.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::VectorClock;
use serde_json::json;

/// What an agent has of a document.
#[derive(Clone, Debug)]
pub struct Replica {
    /// Whose it is.
    pub agent: String,
    /// What it has seen.
    pub clock: VectorClock,
    /// Of its state.
    pub fingerprint: Option<String>,
    /// Number of the event that says so.
    pub seq: u64,
    /// When that was, Unix milliseconds.
    pub timestamp: u64,
}

/// How the replicas of a document stand to each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Convergence {
    /// `converged`, `converging` or `diverged`.
    pub outcome: &'static str,
    /// Everything that any of them has seen.
    pub join: VectorClock,
    /// How many have seen all of it.
    pub up_to_date: usize,
    /// The fingerprints of those who have everything; several if they diverged, none if nobody has.
    pub fingerprints: BTreeSet<String>,
}

impl Convergence {
    /// Compares replicas.
    pub fn of(replicas: &[Replica]) -> Self {
        let mut join = VectorClock::new();
        for replica in replicas {
            join.join(&replica.clock);
        }
        let mut prints: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for replica in replicas {
            let print = replica.fingerprint.clone().unwrap_or_default();
            prints.entry(json!(replica.clock).to_string()).or_default().insert(print);
        }
        let diverged = prints.values().any(|prints| prints.len() > 1);
        let up_to_date = replicas.iter().filter(|replica| replica.clock == join).count();
        let outcome = match (diverged, up_to_date == replicas.len()) {
            (true, _) => "diverged",
            (false, true) => "converged",
            (false, false) => "converging",
        };
        let fingerprints = prints.remove(&json!(join).to_string()).unwrap_or_default();
        Convergence { outcome, join, up_to_date, fingerprints }
    }
}
