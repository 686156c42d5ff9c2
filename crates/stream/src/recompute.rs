//! A document computed anew from its deltas, trusting nothing that crdt-service derived from them.

use std::collections::BTreeMap;
use std::fmt::Display;

use ramanujan_core::{Color, Digest, Dot, Fingerprint, VectorClock};
use ramanujan_crdt::claims::Claims;
use ramanujan_crdt::pasts::Pasts;
use ramanujan_crdt::state::HashDag;
use ramanujan_crdt::types::{Applying, Event, Past, State};
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_crdt::{CrdtType, Delta, Op, TextGraph};

/// Most mismatches that are reported one by one.
const MAX_MISMATCHES: usize = 10;

/// The deltas that none other has for a parent, by what they are.
pub(crate) type Heads = BTreeMap<Dot, (Digest, Color)>;

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
    heads: Heads,
    /// Of a text: what it was when it was finished last, and the heads then.
    finished: (String, Vec<Dot>),
    /// Number of deltas that came.
    pub(crate) deltas: u64,
    pub(crate) mismatches: Vec<String>,
}

/// What follows from a delta, to be compared with what its record says.
struct Follows {
    /// The version after it, if it was asked for.
    clock: Option<VectorClock>,
    /// Code points of a text after it.
    length: Option<u64>,
}

/// What the deltas add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) digest: Digest,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) clock: VectorClock,
    pub(crate) heads: Heads,
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
            heads: Heads::new(),
            finished: (String::new(), Vec::new()),
            deltas: 0,
            mismatches: Vec::new(),
        }
    }

    /// Adds the next deltas of the log; what does not fit, or is not what a record says, is noted as a mismatch.
    pub(crate) fn push_all<'a>(&mut self, records: impl IntoIterator<Item = &'a DeltaRecord>) {
        self.with_content(|document, mut content| {
            for record in records {
                document.deltas += 1;
                if let Err(mismatch) = document.check_and_push(record, content.as_mut()) {
                    document.note(mismatch);
                }
            }
        });
    }

    /// Adds the next deltas of the log, given with their digests, and tells what their records must say: of as many as `clocks` counts by turns with
    /// their clocks and without. What does not fit is noted as a mismatch.
    pub(crate) fn push_claimed(
        &mut self,
        deltas: impl IntoIterator<Item = (Delta, Digest)>,
        clocks: &[u64],
    ) -> Digest {
        let mut claims = Claims::default();
        let turns = clocks.iter().enumerate();
        let mut has_clock = turns.flat_map(|(turn, count)| (0..*count).map(move |_| turn % 2 == 0));
        self.with_content(|document, mut content| {
            for (delta, digest) in deltas {
                document.deltas += 1;
                match document.add(&delta, &digest, has_clock.next() == Some(true), content.as_mut()) {
                    Ok(Follows { clock, length }) => claims.push(&digest, clock.as_ref(), length),
                    Err(mismatch) => document.note(mismatch),
                }
            }
        });
        claims.digest()
    }

    fn note(&mut self, mismatch: String) {
        if self.mismatches.len() < MAX_MISMATCHES {
            self.mismatches.push(mismatch);
        }
    }

    /// Lends the content out, so that many operations are applied together.
    fn with_content(&mut self, push: impl FnOnce(&mut Self, Option<Applying<'_>>)) {
        let mut content = self.content.take();
        push(self, content.as_mut().map(State::applying));
        self.content = content;
    }

    fn check_and_push(
        &mut self,
        record: &DeltaRecord,
        content: Option<&mut Applying<'_>>,
    ) -> Result<(), String> {
        // Refuses content that does not have the digest it is stored under.
        let delta = record.to_delta().map_err(|error| error.to_string())?;
        let dot = &delta.dot;
        let digest = record.digest.unwrap_or_else(|| delta.digest());
        let Follows { clock, length } = self.add(&delta, &digest, record.vector_clock.is_some(), content)?;
        if record.vector_clock != clock {
            return Err(format!("the clock of {dot} is not what it and its parents make"));
        }
        match (record.document_length, length) {
            (Some(claimed), Some(length)) if claimed != length => {
                Err(format!("{dot} leaves {length} code points, not the recorded number"))
            }
            _ => Ok(()),
        }
    }

    fn add(
        &mut self,
        delta: &Delta,
        digest: &Digest,
        has_clock: bool,
        content: Option<&mut Applying<'_>>,
    ) -> Result<Follows, String> {
        let Delta { dot, parents, op } = delta;
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
        let clock = has_clock.then(|| {
            let mut after = before.clone();
            after.raise(&dot.agent, dot.seq);
            after
        });
        let length = match op {
            Op::Insert { .. } | Op::Delete { .. } => {
                Some(self.graph.push(dot, parents, op).map_err(|error| about(&error))?)
            }
            other => {
                let past = match &past {
                    Some(past) => Past::Version(past),
                    None => Past::Whole { total: self.held },
                };
                let content = content.ok_or_else(|| format!("{dot} is not of a text"))?;
                content.apply(&Event { dot, past }, other).map_err(|error| about(&error))?;
                None
            }
        };
        self.hashes.push(dot, parents, digest).map_err(|error| about(&error))?;
        for parent in parents {
            self.heads.remove(parent);
        }
        self.heads.insert(dot.clone(), (*digest, op.color()));
        self.version.raise(&dot.agent, dot.seq);
        self.pasts.took(dot, parents, past);
        self.held += 1;
        Ok(Follows { clock, length })
    }

    /// What the deltas so far add up to; more may come.
    pub(crate) fn finish(&mut self) -> Outcome {
        let value_digest = match self.crdt_type {
            CrdtType::Text => {
                let heads: Vec<Dot> = self.heads.keys().cloned().collect();
                let (text, before) = &self.finished;
                match self.graph.advance(text, before, &heads) {
                    Ok(text) => {
                        let digest = Digest::of(text.as_bytes());
                        self.finished = (text, heads);
                        Some(digest)
                    }
                    Err(error) => {
                        self.mismatches.push(error.to_string());
                        None
                    }
                }
            }
            _ => self.content.as_ref().map(State::value_digest),
        };
        Outcome {
            digest: self.hashes.state().digest(),
            fingerprint: self.hashes.state().fingerprint(),
            clock: self.version.clone(),
            heads: self.heads.clone(),
            value_digest,
        }
    }
}
