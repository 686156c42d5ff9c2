//! A document computed anew from its deltas, trusting nothing that crdt-service derived from them.

use ramanujan_core::{Digest, Dot, Fingerprint, VectorClock};
use ramanujan_crdt::types::{Event, Past, State};
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_crdt::{CrdtType, Op, StateDigest, TextGraph};
use std::collections::BTreeMap;

/// Most mismatches that are reported one by one.
const MAX_MISMATCHES: usize = 10;

/// The document so far.
pub(crate) struct Recomputed {
    crdt_type: CrdtType,
    graph: TextGraph,
    /// Of all types but text.
    content: Option<State>,
    state: StateDigest,
    /// Clock after the newest delta of each agent: what the next one of it builds on.
    clocks: BTreeMap<String, VectorClock>,
    pub(crate) deltas: u64,
    pub(crate) mismatches: Vec<String>,
}

/// What the deltas add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) digest: Digest,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) clock: VectorClock,
    /// `None` if the deltas do not make a document.
    pub(crate) value_digest: Option<Digest>,
}

impl Recomputed {
    pub(crate) fn new(crdt_type: CrdtType) -> Self {
        Recomputed {
            crdt_type,
            graph: TextGraph::new(),
            content: State::new(crdt_type),
            state: StateDigest::new(crdt_type),
            clocks: BTreeMap::new(),
            deltas: 0,
            mismatches: Vec::new(),
        }
    }

    /// Adds the next delta of the log; what does not fit is noted as a mismatch.
    pub(crate) fn push(&mut self, record: &DeltaRecord) {
        self.deltas += 1;
        if let Err(mismatch) = self.check_and_push(record)
            && self.mismatches.len() < MAX_MISMATCHES
        {
            self.mismatches.push(mismatch);
        }
    }

    fn check_and_push(&mut self, record: &DeltaRecord) -> Result<(), String> {
        // Refuses content that does not have the digest it is stored under.
        let delta = record.to_delta().map_err(|error| error.to_string())?;
        let dot = &delta.dot;
        let agent = dot.agent.as_str();
        let known = self.clocks.get(agent).map_or(0, |clock| clock.get(agent));
        if known + 1 != dot.seq {
            return Err(format!("{dot} follows {agent}:{known}"));
        }
        let digest = delta.digest();
        match &delta.op {
            Op::Insert { .. } | Op::Delete { .. } => {
                let length = self
                    .graph
                    .push(dot, &delta.parents, &delta.op)
                    .map_err(|error| format!("{dot}: {error}"))?;
                if record.document_length.is_some_and(|claimed| claimed != length) {
                    return Err(format!("{dot} leaves {length} code points, not the recorded number"));
                }
            }
            other => {
                let after = record.vector_clock.as_ref().ok_or_else(|| format!("{dot} has no clock"))?;
                let past =
                    after.iter().map(|(a, seq)| (a, if a == agent { seq.saturating_sub(1) } else { seq }));
                let event = Event { dot, past: Past::Version(&past.collect()) };
                let content = self.content.as_mut().ok_or_else(|| format!("{dot} is not of a text"))?;
                content.apply(&event, other).map_err(|error| format!("{dot}: {error}"))?;
            }
        }
        self.state.push(agent, &digest);
        self.advance_clock(dot, &delta.parents, record)
    }

    fn advance_clock(&mut self, dot: &Dot, parents: &[Dot], record: &DeltaRecord) -> Result<(), String> {
        let agent = dot.agent.as_str();
        let claimed = record.vector_clock.as_ref().ok_or_else(|| format!("{dot} has no clock"))?;
        let covers = |parent: &Dot| claimed.get(parent.agent.as_str()) >= parent.seq;
        if claimed.get(agent) != dot.seq || !parents.iter().all(covers) {
            return Err(format!("the clock of {dot} does not cover it and its parents"));
        }
        if self.clocks.get(agent).is_some_and(|before| !claimed.includes(before)) {
            return Err(format!("the clock of {dot} falls behind that of its predecessor"));
        }
        self.clocks.insert(agent.to_owned(), claimed.clone());
        Ok(())
    }

    pub(crate) fn finish(mut self) -> (Outcome, Vec<String>) {
        let value_digest = match self.crdt_type {
            CrdtType::Text => match self.graph.text() {
                Ok(text) => Some(Digest::of(text.as_bytes())),
                Err(error) => {
                    self.mismatches.push(error.to_string());
                    None
                }
            },
            _ => self.content.as_ref().map(State::value_digest),
        };
        let outcome = Outcome {
            digest: self.state.digest(),
            fingerprint: self.state.fingerprint(),
            clock: self.state.clock(),
            value_digest,
        };
        (outcome, self.mismatches)
    }
}
