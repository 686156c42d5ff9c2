//! What a document holds at a version, and how it takes in the deltas that come next.

use ramanujan_core::{Code, Digest, Dot, Problem, VectorClock};
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::types::{Event, State};

use crate::record::Recorded;
use crate::version::Version;

/// Bytes that an encoded delta takes, roughly: what a read would decode is estimated from the number of deltas.
pub(crate) const DELTA_BYTES: u64 = 40;

/// What a document holds.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Text(String),
    State(Box<State>),
}

impl Content {
    pub(crate) fn empty(crdt_type: CrdtType) -> Self {
        State::new(crdt_type)
            .map_or_else(|| Content::Text(String::new()), |state| Content::State(state.into()))
    }
}

/// A document's state at a version that holds every delta up to `log`, or at one named by a clock.
#[derive(Clone, Debug)]
pub(crate) struct Materialised {
    pub(crate) log: u64,
    pub(crate) heads: Vec<Dot>,
    pub(crate) clock: VectorClock,
    pub(crate) content: Content,
    /// Digest of the deltas in it, where it is kept in memory: there it is all that ties a state to the store.
    pub(crate) digest: Option<Digest>,
    /// Deltas taken in since a state was last written down.
    pub(crate) unsaved: u64,
}

impl Materialised {
    pub(crate) fn empty(crdt_type: CrdtType) -> Self {
        Materialised {
            log: 0,
            heads: Vec::new(),
            clock: VectorClock::new(),
            content: Content::empty(crdt_type),
            digest: None,
            unsaved: 0,
        }
    }

    /// Whether it is the state of a part of `version` that ends at a log position.
    pub(crate) fn is_below(&self, version: &Version) -> bool {
        self.log <= version.log && version.clock.includes(&self.clock)
    }

    /// Memory that it takes, roughly; of anything but a text as if every delta had left something.
    pub(crate) fn bytes(&self) -> usize {
        let content = match &self.content {
            Content::Text(text) => text.len() as u64,
            Content::State(_) => {
                self.clock.iter().map(|(_, seq)| seq).sum::<u64>().saturating_mul(DELTA_BYTES)
            }
        };
        usize::try_from(content)
            .unwrap_or(usize::MAX)
            .saturating_add(64 * (self.clock.len() + self.heads.len()))
    }

    /// Counts the delta in.
    pub(crate) fn cover(&mut self, log: u64, dot: &Dot, parents: &[Dot]) {
        self.log = log;
        self.heads.retain(|head| !parents.contains(head));
        self.heads.push(dot.clone());
        self.clock.observe(dot.agent.as_str(), dot.seq);
    }

    /// Takes in the next delta of `document`, which is no text.
    ///
    /// # Errors
    /// 500 `store-corrupt` if the delta does not fit.
    pub(crate) fn take(&mut self, document: &str, next: &Recorded) -> Result<(), Problem> {
        let past = next.past();
        let event = Event { dot: next.dot(), past: &past };
        if let Content::State(content) = &mut self.content {
            content.apply(&event, &next.delta.op).map_err(|error| corrupt(document, error))?;
        }
        self.cover(next.log, next.dot(), &next.delta.parents);
        Ok(())
    }
}

/// 500 `store-corrupt`: what is stored of `document` does not make a document.
pub(crate) fn corrupt(document: &str, what: impl std::fmt::Display) -> Problem {
    Problem::new(Code::StoreCorrupt, format!("{document} cannot be merged: {what}"))
}
