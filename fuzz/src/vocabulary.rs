//! Small forms: version vectors, names, dots, digests, times, colours.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use ramanujan_core::time::{format_rfc3339, parse_rfc3339};
use ramanujan_core::{AgentId, Causality, Color, Digest, DocumentId, Dot, Fingerprint, VectorClock, json};
use ramanujan_crdt::{CrdtType, ItemId, TapPhase};

use crate::memory::Bound;

/// An entry of six bytes costs its name twice, once to check it and once to share it, and two vectors that double.
const CLOCK: Bound = Bound { floor: 4 << 10, per_byte: 64 };

/// Messages about what is refused quote it, once as it came and once escaped.
const NAMES: Bound = Bound { floor: 4 << 10, per_byte: 16 };

/// Refused, or written and read again as the same vector, which stands to itself as equals do.
pub fn clock(data: &[u8]) {
    let Ok(clock) = CLOCK.hold(data.len(), || json::from_slice::<VectorClock>(data)) else { return };
    let text = serde_json::to_vec(&clock).expect("a clock is JSON");
    assert_eq!(json::from_slice::<VectorClock>(&text).as_ref(), Ok(&clock));
    assert_eq!(clock.compare(&clock), Causality::Equal);
    let mut joined = clock.clone();
    joined.join(&clock);
    assert_eq!(joined, clock);
    joined.join(&VectorClock::new());
    assert_eq!(joined, clock);
    joined.increment("fuzz");
    let before = if clock.get("fuzz") == u64::MAX { Causality::Equal } else { Causality::Before };
    assert_eq!(clock.compare(&joined), before);
}

/// Each form refuses a text or reads it; those with one spelling write what they read.
pub fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    spelled::<Dot>(text);
    spelled::<ItemId>(text);
    spelled::<CrdtType>(text);
    meant::<Digest>(text);
    meant::<Fingerprint>(text);
    meant::<Color>(text);
    meant::<TapPhase>(text);
    if let Ok(agent) = text.parse::<AgentId>() {
        assert_eq!(agent.as_str(), text);
    }
    if let Ok(document) = text.parse::<DocumentId>() {
        assert_eq!(document.as_str(), text);
    }
    if let Some(millis) = NAMES.hold(text.len(), || parse_rfc3339(text)) {
        assert_eq!(parse_rfc3339(&format_rfc3339(millis)), Some(millis));
    }
}

fn spelled<T: FromStr + Display>(text: &str) {
    if let Ok(read) = NAMES.hold(text.len(), || text.parse::<T>()) {
        assert_eq!(read.to_string(), text);
    }
}

fn meant<T: FromStr<Err: Debug> + Display + PartialEq + Debug>(text: &str) {
    if let Ok(read) = NAMES.hold(text.len(), || text.parse::<T>()) {
        assert_eq!(read.to_string().parse::<T>().ok(), Some(read));
    }
}
