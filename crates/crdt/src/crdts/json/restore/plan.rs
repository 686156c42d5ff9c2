//! The edits so far, and the document as they leave it.

use ramanujan_core::{AgentId, Dot, VectorClock};

use crate::crdts::event::{Event, Past};
use crate::crdts::json::place::Place;
use crate::crdts::op::Op;
use crate::edit::{Action, Edit, Step};

pub(super) struct Plan<'a> {
    /// The document after the edits so far.
    pub(super) root: Place,
    version: VectorClock,
    agent: &'a AgentId,
    pub(super) edits: Vec<Op>,
    /// What is deleted in the end.
    pub(super) gone: Vec<Vec<Step>>,
}

/// What is below a place.
pub(super) fn below<'a>(place: &'a Place, step: &Step) -> Option<&'a Place> {
    match step {
        Step::Key(key) => place.members.get(key),
        Step::Item { item } => place.list.as_ref()?.place(item),
    }
}

impl<'a> Plan<'a> {
    pub(super) fn new(root: &Place, version: &VectorClock, agent: &'a AgentId) -> Self {
        Plan { root: root.clone(), version: version.clone(), agent, edits: Vec::new(), gone: Vec::new() }
    }

    pub(super) fn at(&self, path: &[Step]) -> Option<&Place> {
        path.iter().try_fold(&self.root, below)
    }

    /// Adds an edit and does it; returns its dot.
    pub(super) fn edit(&mut self, path: &[Step], action: Action) -> Dot {
        let dot = Dot::new(self.agent.clone(), self.version.counter(self.agent) + 1);
        let past = Past::Whole { total: self.version.total() };
        self.root.edit(path, &Event { dot: &dot, past }, &action);
        self.version.raise(&dot.agent, dot.seq);
        self.edits.push(Op::Edit(Edit { path: path.to_vec(), action }));
        dot
    }
}
