//! Versions of a document: the current one, and earlier ones by log position, time, version vector or heads.
//!
//! A version is named by its heads, whose hashes commit to everything before them.

use std::str::FromStr;

use ramanujan_core::{Code, Digest, Dot, Problem, VectorClock, time};
use ramanujan_crdt::{CrdtType, Json, StateDigest};
use serde::Deserialize;

/// Most entries of a clock that is kept with a delta, and told unasked. Of a document that more agents write to, a delta's
/// past is found through its parents: otherwise each of its rows and replies would grow with the number of agents.
pub(crate) const SMALL_CLOCK: usize = 64;

/// Which version of a document is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Now,
    /// Every delta up to this position of the log.
    Log(u64),
    /// Every delta received up to this time, in milliseconds since 1970.
    Time(u64),
    Clock(VectorClock),
    /// These deltas and all that they were made after.
    Heads(Vec<Dot>),
}

/// A version in the body of a request, in the form that JSON has for it or as `?at=` takes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "At"))]
#[serde(
    untagged,
    expecting = "at is a log position, an RFC 3339 time, a version vector or an array of heads"
)]
pub(crate) enum AtMember {
    /// A log position.
    Log(u64),
    /// A version vector.
    Clock(VectorClock),
    /// Heads: these operations and all that they were made after.
    Heads(Vec<Dot>),
    /// Any of them as text, or a time of RFC 3339.
    Text(String),
}

impl FromStr for At {
    type Err = String;

    /// A log position, an RFC 3339 time, a version vector as a JSON object, or heads as a JSON array.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with('{') {
            return serde_json::from_str(text).map(At::Clock).map_err(|error| error.to_string());
        }
        if text.starts_with('[') {
            return serde_json::from_str(text).map(At::Heads).map_err(|error| error.to_string());
        }
        if let Ok(position) = text.parse() {
            return Ok(At::Log(position));
        }
        match time::parse_rfc3339(text) {
            Some(millis) => Ok(At::Time(millis)),
            None => Err(format!(
                "{text:.80?} is no version: give a log position, an RFC 3339 time, a version vector or heads"
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
            AtMember::Heads(heads) => Ok(At::Heads(heads)),
            AtMember::Text(text) => {
                text.parse().map_err(|error| Problem::new(Code::InvalidParameter, format!("at: {error}")))
            }
        }
    }
}

/// A version of a document that exists.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// The heads with their hashes, which name it.
    pub(crate) state: StateDigest,
    /// Digest of that.
    pub(crate) digest: Digest,
    pub(crate) crdt_type: CrdtType,
    /// Number of deltas.
    pub(crate) operations: u64,
    /// Log position of the newest delta.
    pub(crate) log: u64,
    /// When that was stored, in milliseconds since 1970.
    pub(crate) received: u64,
    /// Code points of a text with one head.
    pub(crate) length: Option<u64>,
    /// What a counter shows; `None` for other types.
    pub(crate) value: Option<i128>,
    pub(crate) extent: Extent,
}

/// Which deltas a version holds.
#[derive(Clone, Debug)]
pub(crate) enum Extent {
    /// All up to its log position; the clock is at hand where it is small.
    Prefix(Option<VectorClock>),
    /// Those that the clock counts.
    Part(VectorClock),
}

impl Version {
    pub(crate) fn heads(&self) -> Vec<Dot> {
        self.state.heads().keys().cloned().collect()
    }

    /// Whether every delta up to its log position belongs to it.
    pub(crate) fn is_prefix(&self) -> bool {
        matches!(self.extent, Extent::Prefix(_))
    }

    /// The clock, if it is at hand.
    pub(crate) fn clock(&self) -> Option<&VectorClock> {
        match &self.extent {
            Extent::Prefix(clock) => clock.as_ref(),
            Extent::Part(clock) => Some(clock),
        }
    }

    /// The clock, where a reply tells it unasked.
    pub(crate) fn small_clock(&self) -> Option<VectorClock> {
        self.clock().filter(|clock| clock.len() <= SMALL_CLOCK).cloned()
    }

    /// Whether a delta that is stored up to its log position belongs to it.
    pub(crate) fn holds(&self, dot: &Dot) -> bool {
        match &self.extent {
            Extent::Prefix(_) => true,
            Extent::Part(clock) => clock.counter(&dot.agent) >= dot.seq,
        }
    }
}

/// A document in a list.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) document_id: String,
    pub(crate) outside: Outside,
}

/// What a list tells of a document.
#[derive(Debug)]
pub(crate) enum Outside {
    /// It has few heads.
    Few(Box<Version>),
    /// It has so many heads that they are not told, nor the digest, which is made of them.
    Many { crdt_type: CrdtType, operations: u64, log: u64, received: u64 },
}

/// A counter's value: a JSON number, past ±(2^53−1) its digits.
pub(crate) fn counter_value(value: i128) -> Json {
    Json::int(value).unwrap_or_else(|| Json::Text(value.to_string()))
}
