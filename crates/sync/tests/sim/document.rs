//! A document in memory, and what a log says of it.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::{AgentId, Digest, DocumentId, Dot};
use ramanujan_crdt::state::StateDigest;
use ramanujan_crdt::{CrdtType, Delta, Op};
use ramanujan_sync::change::{Change, Freeze, FreezeSum};
use ramanujan_sync::fold::{Fold, leaf_of};
use ramanujan_sync::range::Range;

/// What was written, in its order.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Delta {
        document: DocumentId,
        delta: Delta,
        hash: Digest,
    },
    /// The document's marks are this many from here on.
    Marks {
        document: DocumentId,
        marks: u64,
    },
    Freeze {
        document: DocumentId,
        freeze: Freeze,
    },
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    pub(crate) crdt_type: Option<CrdtType>,
    pub(crate) heads: BTreeMap<Dot, Digest>,
    /// Hash, and place in the log.
    pub(crate) deltas: BTreeMap<Dot, (Digest, usize)>,
    pub(crate) held: BTreeMap<AgentId, u64>,
    pub(crate) marks: u64,
    pub(crate) freezes: BTreeMap<Digest, Freeze>,
    pub(crate) last_freeze: Option<Digest>,
}

impl Document {
    pub(crate) fn state(&self) -> Option<StateDigest> {
        let heads = self.heads.iter().map(|(dot, hash)| (dot.clone(), *hash));
        Some(StateDigest::of(self.crdt_type?, heads))
    }

    fn freeze_fold(&self) -> Fold {
        Fold::of(self.freezes.keys())
    }

    pub(crate) fn freeze_sum(&self) -> FreezeSum {
        let fold = self.freeze_fold();
        FreezeSum { count: fold.count, print: fold.print() }
    }

    pub(crate) fn leaf(&self, id: &DocumentId) -> Option<Digest> {
        Some(leaf_of(id, &self.state()?.digest(), self.marks, &self.freeze_fold()))
    }

    pub(crate) fn change(&self, id: &DocumentId, ranges: Vec<Range>, whole: bool) -> Option<Change> {
        Some(Change {
            document: id.clone(),
            crdt_type: self.crdt_type?,
            heads: self.heads.iter().map(|(dot, hash)| (dot.clone(), *hash)).collect(),
            ranges,
            whole,
            marks: self.marks,
            freezes: self.freeze_sum(),
        })
    }
}

/// An operation of the same type that does something else.
pub(crate) fn other(op: &Op) -> Op {
    match op {
        Op::Insert { position, text } => Op::Insert { position: *position, text: format!("{text}!") },
        Op::Increment { amount } => Op::Increment { amount: amount + 1 },
        Op::SetLast { .. } => Op::SetLast { value: ramanujan_crdt::Json::Int(-1) },
        op => op.clone(),
    }
}

/// Dots of a document that are held.
pub(crate) fn dots(document: &Document) -> BTreeSet<Dot> {
    document.deltas.keys().cloned().collect()
}
