//! A document computed anew from its deltas, trusting nothing that crdt-service derived from them.

use std::collections::BTreeMap;
use std::fmt::Display;

use ramanujan_core::{Color, Digest, Dot, Fingerprint, VectorClock};
use ramanujan_crdt::pasts::Pasts;
use ramanujan_crdt::state::HashDag;
use ramanujan_crdt::types::{Event, Past, State};
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_crdt::{CrdtType, Delta, Op, TextGraph};

/// Most mismatches that are reported one by one.
const MAX_MISMATCHES: usize = 10;

/// The document so far.
pub(crate) struct Recomputed {
    crdt_type: CrdtType,
    graph: TextGraph,
    /// Of all types but text.
    content: Option<State>,
    hashes: HashDag,
    version: VectorClock,
    pasts: Pasts,
    /// Number of deltas in it.
    held: u64,
    /// The deltas in it that none other has for a parent, by what they are.
    pub(crate) heads: BTreeMap<Dot, (Digest, Color)>,
    /// Number of deltas that came.
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
            hashes: HashDag::new(crdt_type),
            version: VectorClock::new(),
            pasts: Pasts::from_the_first(),
            held: 0,
            heads: BTreeMap::new(),
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
        let Delta { dot, parents, op } = &delta;
        let about = |error: &dyn Display| format!("{dot}: {error}");
        let known = self.version.counter(&dot.agent);
        if known + 1 != dot.seq {
            return Err(format!("{dot} follows {}:{known}", dot.agent));
        }
        let missing = |parent: &&Dot| self.version.counter(&parent.agent) < parent.seq;
        if let Some(parent) = parents.iter().find(missing) {
            return Err(format!("{dot} comes before its parent {parent}"));
        }
        let heads = self.hashes.state().heads().keys();
        let past = self.pasts.of(heads, &self.version, parents).map_err(|error| about(&error))?;
        let before = past.as_ref().unwrap_or(&self.version);
        if before.counter(&dot.agent) != known {
            return Err(format!("the parents of {dot} do not contain {}:{known}", dot.agent));
        }
        if let Some(claimed) = &record.vector_clock {
            let mut after = before.clone();
            after.raise(&dot.agent, dot.seq);
            if *claimed != after {
                return Err(format!("the clock of {dot} is not what it and its parents make"));
            }
        }
        match op {
            Op::Insert { .. } | Op::Delete { .. } => {
                let length = self.graph.push(dot, parents, op).map_err(|error| about(&error))?;
                if record.document_length.is_some_and(|claimed| claimed != length) {
                    return Err(format!("{dot} leaves {length} code points, not the recorded number"));
                }
            }
            other => {
                let past = match &past {
                    Some(past) => Past::Version(past),
                    None => Past::Whole { total: self.held },
                };
                let content = self.content.as_mut().ok_or_else(|| format!("{dot} is not of a text"))?;
                content.apply(&Event { dot, past }, other).map_err(|error| about(&error))?;
            }
        }
        let digest = delta.digest();
        self.hashes.push(dot, parents, &digest).map_err(|error| about(&error))?;
        for parent in parents {
            self.heads.remove(parent);
        }
        self.heads.insert(dot.clone(), (digest, op.color()));
        self.version.raise(&dot.agent, dot.seq);
        self.pasts.took(dot, parents, past);
        self.held += 1;
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
            digest: self.hashes.state().digest(),
            fingerprint: self.hashes.state().fingerprint(),
            clock: self.version,
            value_digest,
        };
        (outcome, self.mismatches)
    }
}
