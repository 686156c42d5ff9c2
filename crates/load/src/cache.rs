//! The merge memo's counters before and after, from `GET /crdt/cache/stats`.

use ramanujan_client::Client;
use serde::{Deserialize, Serialize};

const STATS: &str = "/crdt/cache/stats";

/// Counters that only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Counters {
    /// Look-ups above the break-even size: hits and misses.
    consultations: u64,
    hits: u64,
    evictions: u64,
}

/// What the memo did during the load, or why that is unknown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum CacheUse {
    Known {
        consultations: u64,
        hits: u64,
        evictions: u64,
        /// Hits per consultation; `None` if there was no consultation.
        hit_rate: Option<f64>,
    },
    Unknown {
        reason: String,
    },
}

/// # Errors
/// Why there are no counters.
pub(crate) fn counters(client: &Client) -> Result<Counters, String> {
    client.get(STATS).once().json().map_err(|error| format!("{} {}", error.status(), error.code()))
}

/// The difference of two sets of counters.
pub(crate) fn used(before: Result<Counters, String>, after: Result<Counters, String>) -> CacheUse {
    let (before, after) = match (before, after) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(reason), _) | (_, Err(reason)) => return CacheUse::Unknown { reason },
    };
    let difference = || {
        Some((
            after.consultations.checked_sub(before.consultations)?,
            after.hits.checked_sub(before.hits)?,
            after.evictions.checked_sub(before.evictions)?,
        ))
    };
    let Some((consultations, hits, evictions)) = difference() else {
        return CacheUse::Unknown { reason: "the counters went back: was the network restarted?".into() };
    };
    let hit_rate = (consultations > 0).then(|| hits as f64 / consultations as f64);
    CacheUse::Known { consultations, hits, evictions, hit_rate }
}

impl std::fmt::Display for CacheUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CacheUse::Known { consultations, hits, evictions, hit_rate: Some(rate) } => {
                let percent = rate * 100.0;
                write!(
                    f,
                    "{percent:.1} % hits ({hits} of {consultations} consultations, {evictions} evictions)"
                )
            }
            CacheUse::Known { .. } => f.write_str("never consulted"),
            CacheUse::Unknown { reason } => write!(f, "no figures ({reason})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_happened_in_between_counts() {
        let counters = |consultations, hits| Ok(Counters { consultations, hits, evictions: 1 });
        let used_between = used(counters(20, 10), counters(60, 40));
        assert_eq!(
            used_between,
            CacheUse::Known { consultations: 40, hits: 30, evictions: 0, hit_rate: Some(0.75) }
        );
        assert_eq!(used_between.to_string(), "75.0 % hits (30 of 40 consultations, 0 evictions)");
        assert_eq!(used(counters(1, 1), counters(1, 1)).to_string(), "never consulted");
        assert!(matches!(used(counters(5, 0), counters(1, 0)), CacheUse::Unknown { .. }));
        let missing = used(Err("501 not-implemented".into()), counters(1, 0));
        assert_eq!(missing.to_string(), "no figures (501 not-implemented)");
    }
}
