//! A peer, as the engine remembers it.

use std::collections::{BTreeMap, VecDeque};

use ramanujan_core::{AgentId, Digest, DocumentId};

use super::interface::{Cursors, Memory, PeerSettings, Trouble};
use super::task::Task;
use crate::change::{Change, FreezeSum};
use crate::interest::{Interest, Shared};
use crate::limits::{MAX_AGREED, MAX_EVIDENCE, MAX_QUARANTINES, MAX_STUCK};

/// What a task waits for.
#[derive(Debug)]
pub(super) enum Wait {
    Reply { exchange: u64, until: u64 },
    Store { ticket: u64 },
}

#[derive(Debug)]
pub(super) struct Peer {
    pub(super) settings: PeerSettings,
    /// What it said in its welcome: the version of its manifest, its interest.
    pub(super) greeted: Option<(String, Interest)>,
    pub(super) cursors: Cursors,
    pub(super) current: Option<(Task, Wait)>,
    pub(super) tasks: VecDeque<Task>,
    /// Whether a round is under way.
    pub(super) busy: bool,
    /// When the next round begins, by the engine's own time.
    pub(super) next: u64,
    pub(super) rounds: u64,
    pub(super) failures: u32,
    pub(super) trouble: Option<Trouble>,
    /// Something happened that a comparison would bring to light.
    pub(super) suspicious: bool,
    /// Inquiries of this round.
    pub(super) inquiries: u32,
    quarantines: BTreeMap<(DocumentId, AgentId), u64>,
    /// Documents that cannot be mended from there, with the state that it claims.
    stuck: BTreeMap<DocumentId, Digest>,
    /// What it said in this round of documents of which all is here now: state, marks and freezes.
    agreed: BTreeMap<DocumentId, (Digest, u64, FreezeSum)>,
}

impl Peer {
    pub(super) fn new(settings: PeerSettings) -> Self {
        Peer {
            settings,
            greeted: None,
            cursors: Cursors::default(),
            current: None,
            tasks: VecDeque::new(),
            busy: false,
            next: 0,
            rounds: 0,
            failures: 0,
            trouble: None,
            suspicious: false,
            inquiries: 0,
            quarantines: BTreeMap::new(),
            stuck: BTreeMap::new(),
            agreed: BTreeMap::new(),
        }
    }

    /// As it was, at a time of the engine.
    pub(super) fn recall(settings: PeerSettings, memory: Memory, now: u64) -> Self {
        let quarantines = memory.quarantines.into_iter();
        let accusations = memory.accusations.into_iter().take(MAX_EVIDENCE);
        Peer {
            greeted: memory.greeted,
            cursors: memory.cursors,
            rounds: memory.rounds,
            failures: memory.failures,
            trouble: memory.trouble,
            next: now.saturating_add(memory.wait_ms),
            suspicious: memory.suspicious,
            quarantines: quarantines.map(|(document, agent, from)| ((document, agent), from)).collect(),
            stuck: memory.stuck.into_iter().take(MAX_STUCK).collect(),
            tasks: accusations.map(Task::Accuse).collect(),
            ..Peer::new(settings)
        }
    }

    /// What is to be remembered of it, at a time of the engine.
    pub(super) fn memory(&self, now: u64) -> Memory {
        let accusation = |task: &Task| match task {
            Task::Accuse(evidence) => Some(evidence.clone()),
            _ => None,
        };
        let current = self.current.iter().map(|(task, _)| task);
        let quarantine =
            |((document, agent), from): (&(_, _), &u64)| (Clone::clone(document), Clone::clone(agent), *from);
        Memory {
            greeted: self.greeted.clone(),
            cursors: self.cursors.clone(),
            rounds: self.rounds,
            failures: self.failures,
            trouble: self.trouble,
            wait_ms: self.next.saturating_sub(now),
            suspicious: self.suspicious,
            quarantines: self.quarantines.iter().map(quarantine).collect(),
            stuck: self.stuck.iter().map(|(document, digest)| (document.clone(), *digest)).collect(),
            accusations: current.chain(&self.tasks).filter_map(accusation).collect(),
        }
    }

    /// What both are interested in.
    pub(super) fn shared(&self) -> Shared {
        let theirs = self.greeted.as_ref().map(|(_, interest)| interest.clone()).unwrap_or_default();
        Shared { ours: self.settings.interest.clone(), theirs }
    }

    /// Number from which on nothing of an agent is taken. With too many quarantines nothing is.
    pub(super) fn barred(&self, document: &DocumentId, agent: &AgentId) -> Option<u64> {
        if self.quarantines.len() >= MAX_QUARANTINES {
            return Some(1);
        }
        self.quarantines.get(&(document.clone(), agent.clone())).copied()
    }

    /// Whether something of a document is not taken.
    pub(super) fn is_barred(&self, document: &DocumentId) -> bool {
        self.quarantines.len() >= MAX_QUARANTINES
            || self.quarantines.keys().any(|(barred, _)| barred == document)
    }

    /// Bars an agent; says whether that is new.
    pub(super) fn bar(&mut self, document: &DocumentId, agent: &AgentId, from: u64) -> bool {
        let known = self.quarantines.get(&(document.clone(), agent.clone())).copied();
        if known.is_some_and(|known| known <= from)
            || known.is_none() && self.quarantines.len() >= MAX_QUARANTINES
        {
            return false;
        }
        self.quarantines.insert((document.clone(), agent.clone()), from);
        // What could not be mended before may be now, by claims for each delta.
        self.stuck.remove(document);
        true
    }

    pub(super) fn release(&mut self, document: &DocumentId, agent: &AgentId) {
        self.quarantines.remove(&(document.clone(), agent.clone()));
        self.stuck.remove(document);
        self.suspicious = true;
    }

    pub(super) fn quarantines(&self) -> impl Iterator<Item = (&DocumentId, &AgentId, u64)> {
        self.quarantines.iter().map(|((document, agent), from)| (document, agent, *from))
    }

    pub(super) fn is_stuck(&self, document: &DocumentId, claimed: &Digest) -> bool {
        self.stuck.get(document) == Some(claimed)
    }

    pub(super) fn stick(&mut self, document: &DocumentId, claimed: Digest) {
        if self.stuck.len() < MAX_STUCK || self.stuck.contains_key(document) {
            self.stuck.insert(document.clone(), claimed);
        }
    }

    /// Notes that all that it says of a document is here.
    pub(super) fn agree(&mut self, change: &Change) {
        if self.agreed.len() < MAX_AGREED || self.agreed.contains_key(&change.document) {
            let said = (change.state().digest(), change.marks, change.freezes);
            self.agreed.insert(change.document.clone(), said);
        }
    }

    /// Whether it has said exactly this of a document in this round: then it need not be told.
    pub(super) fn has_said(&self, change: &Change) -> bool {
        let said = self.agreed.get(&change.document);
        said.is_some_and(|said| *said == (change.state().digest(), change.marks, change.freezes))
    }

    /// Begins a round.
    pub(super) fn begin(&mut self) {
        self.busy = true;
        self.inquiries = 0;
        self.agreed.clear();
    }

    /// Tries again what could not be mended.
    pub(super) fn unstick(&mut self) {
        self.stuck.clear();
    }

    pub(super) fn stuck(&self) -> usize {
        self.stuck.len()
    }
}
