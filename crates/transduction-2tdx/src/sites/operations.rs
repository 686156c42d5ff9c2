//! Operations that another site gave, and their events on the timeline.

use std::collections::BTreeMap;

use ramanujan_core::{AgentId, Color, Digest, DocumentId, Dot, Fingerprint, VectorClock};
use ramanujan_sync::range::Range;
use ramanujan_timeline::operation::{Causes, KIND, MAX_NAMED, OperationEvent, event_id};
use serde::{Deserialize, Serialize};

/// Deltas of a document whose events are to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Due {
    pub(crate) document_id: DocumentId,
    pub(crate) ranges: Vec<Range>,
}

impl Due {
    /// Of each agent the run from its first dot to its last. What lies between is stored already, and told again it is the
    /// same event.
    pub(crate) fn of(document_id: DocumentId, dots: impl IntoIterator<Item = Dot>) -> Self {
        let mut runs: BTreeMap<AgentId, (u64, u64)> = BTreeMap::new();
        for Dot { agent, seq } in dots {
            let run = runs.entry(agent).or_insert((seq, seq));
            *run = (run.0.min(seq), run.1.max(seq));
        }
        let ranges = runs.into_iter().map(|(agent, (from, to))| Range::new(agent, from, to)).collect();
        Due { document_id, ranges }
    }

    /// What is left when these are told; they come from the beginning of each range.
    pub(crate) fn without(&self, told: &[Operation]) -> Self {
        let mut newest: BTreeMap<&AgentId, u64> = BTreeMap::new();
        for Operation { operation_id: dot, .. } in told {
            let seq = newest.entry(&dot.agent).or_default();
            *seq = dot.seq.max(*seq);
        }
        let left = |range: &Range| {
            let from = newest.get(&range.agent).map_or(range.from, |newest| range.from.max(newest + 1));
            (from <= range.to).then(|| Range::new(range.agent.clone(), from, range.to))
        };
        let ranges = self.ranges.iter().filter_map(left).collect();
        Due { document_id: self.document_id.clone(), ranges }
    }
}

/// What crdt-service says of a stored operation.
#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    operation_id: Dot,
    operation: String,
    color: Color,
    #[serde(default)]
    parents: Vec<Dot>,
    #[serde(default)]
    causes: Vec<Cause>,
    digest: Digest,
    fingerprint: Fingerprint,
    #[serde(default)]
    vector_clock: Option<VectorClock>,
    #[serde(default)]
    payload_size: usize,
}

/// What it says of a parent.
#[derive(Debug, Deserialize)]
struct Cause {
    digest: Digest,
    color: Color,
}

impl Operation {
    /// Its event, the same that the stream told which took it; `None` if what it came after is not said.
    pub(crate) fn event<'a>(&'a self, document: &'a str) -> Option<OperationEvent<'a>> {
        if self.causes.len() != self.parents.len().min(MAX_NAMED) {
            return None;
        }
        let named = self.parents.iter().zip(&self.causes);
        let named = named.map(|(dot, cause)| (dot, &cause.digest, cause.color));
        let dot = &self.operation_id;
        Some(OperationEvent {
            event_id: event_id(document, &dot.to_string(), &self.digest, self.color),
            r#type: KIND,
            agent_id: dot.agent.as_str(),
            operation: &self.operation,
            document_id: document,
            vector_clock: self.vector_clock.as_ref(),
            causes: Causes::of(document, self.parents.len(), named),
            fingerprint: self.fingerprint,
            color: self.color,
            payload_size: self.payload_size,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_make_runs_and_what_was_told_is_taken_off_their_beginnings() {
        let dots = ["b:2", "a:3", "a:2", "b:9", "a:4"].map(|dot| dot.parse().unwrap());
        let due = Due::of("d".parse().unwrap(), dots);
        let ranges = |due: &Due| -> Vec<String> {
            due.ranges.iter().map(|range| format!("{} {}-{}", range.agent, range.from, range.to)).collect()
        };
        assert_eq!(ranges(&due), ["a 2-4", "b 2-9"]);
        let told = |dot: &str| Operation {
            operation_id: dot.parse().unwrap(),
            operation: "increment".into(),
            color: Color::Red,
            parents: Vec::new(),
            causes: Vec::new(),
            digest: Digest::of(b""),
            fingerprint: Fingerprint(0),
            vector_clock: None,
            payload_size: 0,
        };
        assert_eq!(ranges(&due.without(&[told("a:3"), told("a:2"), told("b:2")])), ["a 4-4", "b 3-9"]);
        assert_eq!(ranges(&due.without(&[])), ranges(&due));
    }
}
