//! What a document holds at a version, and how it takes in the deltas that come next.

use std::collections::BTreeSet;

use ramanujan_core::{Code, Digest, Dot, Problem};
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::types::State;

use crate::version::Version;

/// Bytes that an encoded delta takes, roughly: what a read would decode is estimated from the number of deltas.
pub(crate) const DELTA_BYTES: u64 = 40;

/// Memory that a value takes in a state, with its dot.
const VALUE_BYTES: u64 = 64;
/// Memory that a place of a JSON document takes, with its place in a list.
const PLACE_BYTES: u64 = 256;

/// Memory that the order of a list or a text takes in a JSON document, however short.
const ORDER_BYTES: u64 = 1536;

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
    pub(crate) heads: BTreeSet<Dot>,
    /// Number of deltas in it.
    pub(crate) deltas: u64,
    pub(crate) content: Content,
    /// Digest of the deltas in it, where it is kept in memory: there it is all that ties a state to the store.
    pub(crate) digest: Option<Digest>,
    /// Deltas taken in since a state was last written down.
    pub(crate) unsaved: u64,
    /// Bytes that the content took when it was last written down or read, for so many deltas; 0 for 0 if never.
    pub(crate) written: Written,
}

/// How long a stored content was.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(crate) deltas: u64,
}

impl Materialised {
    pub(crate) fn empty(crdt_type: CrdtType) -> Self {
        Materialised {
            log: 0,
            heads: BTreeSet::new(),
            deltas: 0,
            content: Content::empty(crdt_type),
            digest: None,
            unsaved: 0,
            written: Written::default(),
        }
    }

    /// Whether it is the state of a part of `version` that ends at a log position.
    pub(crate) fn is_below(&self, version: &Version) -> bool {
        self.log <= version.log && self.heads.iter().all(|head| version.holds(head))
    }

    /// Bytes that a read would decode to make it anew, roughly.
    pub(crate) fn replayed(&self) -> usize {
        self.with_heads(match &self.content {
            Content::Text(text) => text.len() as u64,
            Content::State(_) => self.deltas.saturating_mul(DELTA_BYTES),
        })
    }

    /// Memory that it takes, roughly: as if every delta had left something, and by what it holds.
    pub(crate) fn memory(&self) -> usize {
        self.with_heads(match &self.content {
            Content::Text(text) => text.len() as u64,
            Content::State(state) => {
                let load = state.load();
                let held = match state.crdt_type() {
                    CrdtType::Json => load.values * PLACE_BYTES + load.orders * ORDER_BYTES,
                    _ => load.values * VALUE_BYTES,
                };
                self.deltas.saturating_mul(DELTA_BYTES).saturating_add(held + load.bytes)
            }
        })
    }

    fn with_heads(&self, content: u64) -> usize {
        usize::try_from(content).unwrap_or(usize::MAX).saturating_add(64 * self.heads.len())
    }

    /// Counts the delta in.
    pub(crate) fn cover(&mut self, log: u64, dot: &Dot, parents: &[Dot]) {
        self.log = log;
        // Thousands of agents may write without a look at each other: nothing here asks all heads.
        for parent in parents {
            self.heads.remove(parent);
        }
        self.heads.insert(dot.clone());
        self.deltas += 1;
    }

    /// Whether a delta of these parents, which are sorted, was made after all that is in the state.
    pub(crate) fn is_seen_by(&self, parents: &[Dot]) -> bool {
        self.heads.iter().all(|head| parents.binary_search(head).is_ok())
    }
}

/// 500 `store-corrupt`: what is stored of `document` does not make a document.
pub(crate) fn corrupt(document: &str, what: impl std::fmt::Display) -> Problem {
    Problem::new(Code::StoreCorrupt, format!("{document} cannot be merged: {what}"))
}
