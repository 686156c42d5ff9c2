//! Versions of a document: the current one, and earlier ones by log position, time or version vector.
//!
//! A version is known by the newest delta of each agent in it, because agents are sequential.

use std::str::FromStr;

use ramanujan_core::{Code, Digest, Dot, Problem, VectorClock, time};
use ramanujan_crdt::text::maximal;
use ramanujan_crdt::{CrdtType, Json, PnCounter, StateDigest};
use serde::Deserialize;

use crate::record::Recorded;

/// Which version of a document is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Now,
    /// Every delta up to this position of the log.
    Log(u64),
    /// Every delta received up to this time, in milliseconds since 1970.
    Time(u64),
    Clock(VectorClock),
}

/// A version in the body of a request, in the form that JSON has for it or as `?at=` takes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "At"))]
#[serde(untagged, expecting = "at is a log position, an RFC 3339 time or a version vector")]
pub(crate) enum AtMember {
    /// A log position.
    Log(u64),
    /// A version vector.
    Clock(VectorClock),
    /// Any of them as text, or a time of RFC 3339.
    Text(String),
}

impl FromStr for At {
    type Err = String;

    /// A log position, an RFC 3339 time, or a version vector as a JSON object.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with('{') {
            return serde_json::from_str(text).map(At::Clock).map_err(|error| error.to_string());
        }
        if let Ok(position) = text.parse() {
            return Ok(At::Log(position));
        }
        match time::parse_rfc3339(text) {
            Some(millis) => Ok(At::Time(millis)),
            None => Err(format!(
                "{text:.80?} is no version: give a log position, an RFC 3339 time or a version vector"
            )),
        }
    }
}

impl At {
    /// The version that the member `at` of a request's body names.
    ///
    /// # Errors
    /// 422 `invalid-parameter`.
    pub(crate) fn of_member(at: AtMember) -> Result<Self, Problem> {
        match at {
            AtMember::Log(position) => Ok(At::Log(position)),
            AtMember::Clock(clock) => Ok(At::Clock(clock)),
            AtMember::Text(text) => {
                text.parse().map_err(|error| Problem::new(Code::InvalidParameter, format!("at: {error}")))
            }
        }
    }
}

/// A version of a document that exists.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// Newest delta of each agent, by log position; never empty.
    pub(crate) newest: Vec<Recorded>,
    pub(crate) heads: Vec<Dot>,
    pub(crate) clock: VectorClock,
    /// Log position of the newest delta.
    pub(crate) log: u64,
    /// Whether every delta up to `log` belongs to it.
    pub(crate) prefix: bool,
    /// The canonical state: what it holds of each agent.
    pub(crate) state: StateDigest,
    /// Digest of the canonical state.
    pub(crate) digest: Digest,
}

impl Version {
    /// The version that ends with these deltas, the newest of each agent by log position; `None` if there are none.
    pub(crate) fn of(newest: Vec<Recorded>, prefix: bool) -> Option<Self> {
        let (log, crdt_type) = newest.last().map(|last| (last.log, last.crdt_type()))?;
        let mut state = StateDigest::new(crdt_type);
        for last in &newest {
            state.set(last.dot().agent.as_str(), last.dot().seq, last.chain);
        }
        let heads = maximal(newest.iter().map(|last| (last.dot().clone(), &last.clock)).collect());
        let (clock, digest) = (state.clock(), state.digest());
        Some(Version { newest, heads, clock, log, prefix, state, digest })
    }

    /// Number of deltas.
    pub(crate) fn operations(&self) -> u64 {
        self.newest.iter().map(|last| last.dot().seq).sum()
    }

    pub(crate) fn crdt_type(&self) -> CrdtType {
        self.newest.last().map_or(CrdtType::Text, Recorded::crdt_type)
    }

    /// Whether a delta belongs to this version.
    pub(crate) fn holds(&self, dot: &Dot) -> bool {
        dot.seq <= self.clock.get(dot.agent.as_str())
    }

    /// The counter that the newest delta of each agent adds up to; `None` for other types than counters.
    pub(crate) fn counter(&self) -> Option<PnCounter> {
        if !self.crdt_type().is_counter() {
            return None;
        }
        let mut counter = PnCounter::new();
        for last in &self.newest {
            counter.observe(last.dot().agent.as_str(), last.totals);
        }
        Some(counter)
    }
}

/// A counter's value as a JSON number.
///
/// # Errors
/// 422 `counter-overflow` past ±(2^53−1).
pub(crate) fn counter_value(value: i128) -> Result<Json, Problem> {
    Json::int(value)
        .ok_or_else(|| Problem::new(Code::CounterOverflow, format!("the value {value} exceeds 2^53-1")))
}
