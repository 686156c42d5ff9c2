//! One agent's view of one document: what it saw last, what it does next, what became of it.
//!
//! An agent edits the version it knows: the one a read showed it, or the one its own last operation made. Every few
//! operations it lets the server take the heads instead, as an editor that hears of the others' work would.

use ramanujan_core::{AgentId, Dot};
use ramanujan_crdt::{CrdtType, Op};
use serde_json::{Value, json};

use crate::history::{History, SHARED, VISITS};
use crate::mix::Kind;
use crate::operation::{Change, Operation};
use crate::random::Random;
use crate::reply::{State, Stored};

/// Operations on a version of one's own after which the next one refers to everybody's.
const CATCH_UP_EVERY: u32 = 8;
/// How often, in percent: a text operation deletes; it goes on where the last one was; a count goes down; something
/// present is removed; an element or member is shared.
const DELETIONS: u32 = 25;
const SAME_PLACE: u32 = 80;
const DOWNWARDS: u32 = 30;
const REMOVALS: u32 = 50;
const SHARED_NAMES: u32 = 40;
const COUNTS_OF_JSON: u32 = 25;
/// Most characters of one deletion, largest count, names an agent has of its own, names that are shared.
const MAX_DELETION: u64 = 4;
const MAX_AMOUNT: u64 = 10;
const OWN_NAMES: u64 = 8;
const SHARED_COUNT: u64 = 16;
/// What is typed: one key, a word, a paste; characters beyond ASCII, of several code points too.
const TYPED: [&str; 12] =
    ["a", "e", " ", "t", "the ", "delta", "é", "語", "👩\u{200d}🚀", "\n", "causal past", "\"quoted\\"];

/// A version of a text.
#[derive(Clone, Debug)]
struct View {
    parents: Vec<Dot>,
    length: u64,
}

/// Send the pending operation again, or make a new one: see [`Replica::next`].
#[derive(Debug)]
pub(crate) struct Replica {
    kind: Kind,
    document: String,
    agent: AgentId,
    /// The agent's operations on the document that are known to be stored.
    acknowledged: u64,
    view: Option<View>,
    cursor: u64,
    on_own_version: u32,
    /// An operation with an unknown outcome. It must be settled before the next one can have a dot.
    pending: Option<Operation>,
    history: History,
}

impl Replica {
    /// A replica that starts from `state`, what the network holds of the document, if anything.
    pub(crate) fn new(document: &str, kind: Kind, agent: &AgentId, state: Option<&State>) -> Self {
        let mut history = History::new(kind);
        if let Some(state) = state {
            history.adopt(agent.as_str(), state);
        }
        Replica {
            kind,
            document: document.to_owned(),
            agent: agent.clone(),
            acknowledged: state.map_or(0, |state| state.vector_clock.get(agent.as_str())),
            view: None,
            cursor: 0,
            on_own_version: 0,
            pending: None,
            history,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn document(&self) -> &str {
        &self.document
    }

    pub(crate) fn agent(&self) -> &AgentId {
        &self.agent
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    pub(crate) fn pending(&self) -> Option<&Operation> {
        self.pending.as_ref()
    }

    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// The operation to send now. Until its outcome is known it stays the same, under the same dot.
    pub(crate) fn next(&mut self, random: &mut Random) -> Operation {
        if let Some(pending) = &self.pending {
            return pending.clone();
        }
        let (parents, change) = match self.kind {
            Kind::Text => self.next_text(random),
            Kind::Counter => (None, Change::Count { path: None, amount: amount(random) }),
            Kind::Set => (None, self.next_of_set(random)),
            Kind::Json => (None, self.next_of_json(random)),
            Kind::Other(crdt_type) => (None, example(crdt_type, random)),
        };
        let operation = Operation { seq: self.acknowledged + 1, parents, change };
        self.pending = Some(operation.clone());
        operation
    }

    fn next_text(&mut self, random: &mut Random) -> (Option<Vec<Dot>>, Change) {
        let typed = random.pick(&TYPED).copied().unwrap_or_default().to_owned();
        let view = match &self.view {
            Some(view) if self.on_own_version < CATCH_UP_EVERY => view,
            _ => return (None, Change::InsertText { position: None, text: typed }),
        };
        if !random.chance(SAME_PLACE) {
            self.cursor = random.below(view.length + 1);
        }
        self.cursor = self.cursor.min(view.length);
        let change = if view.length > self.cursor && random.chance(DELETIONS) {
            let length = 1 + random.below(MAX_DELETION.min(view.length - self.cursor));
            Change::DeleteText { position: self.cursor, length }
        } else {
            let position = self.cursor;
            self.cursor += typed.chars().count() as u64;
            Change::InsertText { position: Some(position), text: typed }
        };
        (Some(view.parents.clone()), change)
    }

    fn next_of_set(&self, random: &mut Random) -> Change {
        let element = self.name(random);
        let present = match &self.history {
            History::Set { own, added, removed, .. } => {
                own.get(&element).copied().unwrap_or(added.contains(&element) && !removed.contains(&element))
            }
            _ => false,
        };
        if present && random.chance(REMOVALS) { Change::Remove { element } } else { Change::Add { element } }
    }

    fn next_of_json(&self, random: &mut Random) -> Change {
        if random.chance(COUNTS_OF_JSON) {
            return Change::Count { path: Some(vec![VISITS.to_owned()]), amount: amount(random) };
        }
        let name = self.name(random);
        let present = match &self.history {
            History::Json { own, .. } => own.get(&name).is_some_and(Option::is_some),
            _ => false,
        };
        if present && random.chance(REMOVALS) {
            return Change::DeleteMember { path: vec![name] };
        }
        let title = random.pick(&TYPED).copied().unwrap_or_default();
        let value: Value = match random.below(3) {
            0 => json!(title),
            1 => json!(random.below(1000)),
            _ => json!({"title": title, "done": random.chance(50), "steps": [1, 2.5, null]}),
        };
        Change::SetMember { path: vec![name], value }
    }

    /// A name of the agent's own or a shared one.
    fn name(&self, random: &mut Random) -> String {
        if random.chance(SHARED_NAMES) {
            format!("{SHARED}.{}", random.below(SHARED_COUNT))
        } else {
            format!("{}.{}", self.agent, random.below(OWN_NAMES))
        }
    }

    /// The pending operation is stored.
    pub(crate) fn acknowledge(&mut self, stored: &Stored) {
        let Some(operation) = self.pending.take() else { return };
        self.acknowledged = operation.seq;
        let dot = Dot::new(self.agent.clone(), operation.seq);
        self.on_own_version = if operation.parents.is_some() { self.on_own_version + 1 } else { 0 };
        self.view = stored.length.map(|length| View { parents: vec![dot.clone()], length });
        if operation.parents.is_none() {
            self.cursor = stored.length.unwrap_or(0);
        }
        self.history.add(dot, &operation, stored);
    }

    /// The pending operation was refused for good: its dot is still free.
    pub(crate) fn refused(&mut self) {
        self.pending = None;
        self.view = None;
    }

    /// The document as a read showed it. A version without all of the agent's own operations is no basis for the next.
    pub(crate) fn observe(&mut self, state: &State) {
        let clock = &state.vector_clock;
        if clock.is_empty() || clock.get(self.agent.as_str()) == self.acknowledged {
            self.view = state.length.map(|length| View { parents: state.heads.clone(), length });
            self.on_own_version = 0;
        }
    }
}

/// One of the examples that the table of types has; a count where it has none, which every type of the table has.
fn example(crdt_type: CrdtType, random: &mut Random) -> Change {
    let mut all = Op::examples();
    all.retain(|op| op.crdt_type() == crdt_type);
    let chosen = random.pick(&all).cloned();
    Change::Op(chosen.unwrap_or(Op::Increment { amount: 1 }))
}

/// Not 0.
fn amount(random: &mut Random) -> i64 {
    let amount = 1 + random.below(MAX_AMOUNT) as i64;
    if random.chance(DOWNWARDS) { -amount } else { amount }
}

#[cfg(test)]
#[path = "replica_tests.rs"]
mod tests;
