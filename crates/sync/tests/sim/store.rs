//! A store in memory, with real deltas. It answers what crdt-service would, from a log that may be cut off.

use std::collections::BTreeMap;

use ramanujan_core::{AgentId, Digest, DocumentId, Dot};
use ramanujan_crdt::state::{StateDigest, hash_of};
use ramanujan_crdt::{Delta, Op};
use ramanujan_sync::change::Freeze;
use ramanujan_sync::fold::{Fold, place_of};
use ramanujan_sync::interest::Shared;
use ramanujan_sync::message::{Cursor, Want};
use ramanujan_sync::pack::Pack;
use ramanujan_sync::range::Range;
use ramanujan_sync::store::{Answer, Question, Seen, Store, StoreRefusal, Stored};

use crate::document::{Document, Entry, other};

#[derive(Clone, Debug)]
pub(crate) struct Memory {
    /// Names the log; a copy of it keeps the name, as a restored database does.
    pub(crate) name: u64,
    pub(crate) log: Vec<Entry>,
    pub(crate) documents: BTreeMap<DocumentId, Document>,
    /// Entries that are on disk.
    pub(crate) synced: usize,
    /// A document that there is no room for.
    pub(crate) full: Option<DocumentId>,
}

impl Memory {
    pub(crate) fn new(name: u64) -> Self {
        Memory { name, log: Vec::new(), documents: BTreeMap::new(), synced: 0, full: None }
    }

    /// The state after a restart with the first entries of the log.
    pub(crate) fn cut(&mut self, length: usize) {
        let log: Vec<Entry> = self.log.drain(..length).collect();
        *self = Memory::new(self.name);
        log.into_iter().for_each(|entry| self.push(entry));
        self.synced = self.log.len();
    }

    fn push(&mut self, entry: Entry) {
        let place = self.log.len();
        match &entry {
            Entry::Delta { document, delta, hash } => {
                let own = self.documents.entry(document.clone()).or_default();
                own.crdt_type = Some(delta.op.crdt_type());
                for parent in &delta.parents {
                    own.heads.remove(parent);
                }
                own.heads.insert(delta.dot.clone(), *hash);
                own.deltas.insert(delta.dot.clone(), (*hash, place));
                own.held.insert(delta.dot.agent.clone(), delta.dot.seq);
            }
            Entry::Marks { document, marks } => {
                self.documents.entry(document.clone()).or_default().marks = *marks;
            }
            Entry::Freeze { document, freeze } => {
                let own = self.documents.entry(document.clone()).or_default();
                let id = freeze.id(document);
                own.freezes.insert(id, freeze.clone());
                own.last_freeze = Some(id);
            }
        }
        self.log.push(entry);
    }

    /// Writes as a client of this site would: on all there is.
    pub(crate) fn write(&mut self, document: &DocumentId, agent: &AgentId, op: Op) -> (Dot, Digest) {
        let own = self.documents.entry(document.clone()).or_default();
        let seq = own.held.get(agent).copied().unwrap_or(0) + 1;
        let parents: Vec<Dot> = own.heads.keys().cloned().collect();
        let delta = Delta { dot: Dot::new(agent.clone(), seq), parents, op };
        let hash = hash_of(&delta.digest(), own.heads.values());
        let dot = delta.dot.clone();
        self.push(Entry::Delta { document: document.clone(), delta, hash });
        (dot, hash)
    }

    /// Deletes or recovers a document.
    pub(crate) fn toggle(&mut self, document: &DocumentId) {
        if let Some(own) = self.documents.get(document) {
            let marks = own.marks + 1;
            self.push(Entry::Marks { document: document.clone(), marks });
        }
    }

    pub(crate) fn freeze(&mut self, document: &DocumentId, agent: &AgentId, now: u64) {
        let Some(own) = self.documents.get(document) else { return };
        let Some(state) = own.state() else { return };
        let freeze = Freeze {
            parent: own.last_freeze.unwrap_or(Digest([0; 32])),
            heads: own.heads.keys().cloned().collect(),
            digest: state.digest(),
            agent: Some(agent.clone()),
            frozen: now,
        };
        if !own.freezes.contains_key(&freeze.id(document)) {
            self.push(Entry::Freeze { document: document.clone(), freeze });
        }
    }

    /// Replaces what a delta does, and makes all hashes anew: a disk that holds another history. Says which hashes there are
    /// now.
    pub(crate) fn tamper(&mut self, target: &DocumentId, at: usize) -> Vec<(Dot, Digest)> {
        let log = std::mem::take(&mut self.log);
        *self = Memory::new(self.name);
        let mut made = Vec::new();
        for (place, entry) in log.into_iter().enumerate() {
            match entry {
                Entry::Delta { document, mut delta, .. } if document == *target => {
                    if place == at {
                        delta.op = other(&delta.op);
                    }
                    let own = self.documents.entry(document.clone()).or_default();
                    let parents = delta.parents.iter().map(|parent| &own.deltas[parent].0);
                    let hash = hash_of(&delta.digest(), parents);
                    made.push((delta.dot.clone(), hash));
                    self.push(Entry::Delta { document, delta, hash });
                }
                Entry::Freeze { document, .. } if document == *target => {}
                entry => self.push(entry),
            }
        }
        self.synced = self.log.len();
        made
    }

    fn delta(&self, place: usize) -> Option<(&Delta, &Digest)> {
        match &self.log[place] {
            Entry::Delta { delta, hash, .. } => Some((delta, hash)),
            _ => None,
        }
    }

    /// Name of the log, place in it, and what stands there.
    fn cursor(&self, place: usize) -> Cursor {
        let check = match place.checked_sub(1).map(|last| &self.log[last]) {
            None => 0,
            Some(Entry::Delta { hash, .. }) => u64::from(hash.0[0]) + 1,
            Some(Entry::Marks { marks, .. }) => 1000 + marks,
            Some(Entry::Freeze { document, freeze }) => 2000 + u64::from(freeze.id(document).0[0]),
        };
        ramanujan_sync::pack::Blob([self.name, place as u64, check].map(u64::to_be_bytes).concat())
    }

    fn place(&self, cursor: &Cursor) -> Option<usize> {
        if cursor.0.is_empty() {
            return Some(0);
        }
        let place = usize::try_from(u64::from_be_bytes(cursor.0.get(8..16)?.try_into().ok()?)).ok()?;
        (place <= self.log.len() && self.cursor(place) == *cursor).then_some(place)
    }

    fn feed(&self, after: &Cursor, shared: &Shared, most: usize, budget: u32) -> Answer {
        let Some(start) = self.place(after) else { return Answer::Stale };
        let mut news: BTreeMap<&DocumentId, BTreeMap<&AgentId, (u64, u64)>> = BTreeMap::new();
        let mut order = Vec::new();
        let (mut end, mut bytes) = (start, 0);
        for entry in &self.log[start..] {
            let document = match entry {
                Entry::Delta { document, .. }
                | Entry::Marks { document, .. }
                | Entry::Freeze { document, .. } => document,
            };
            if shared.holds(document) {
                if !news.contains_key(document) {
                    if order.len() >= most || bytes > budget {
                        break;
                    }
                    bytes += 80;
                    order.push(document);
                }
                let ranges = news.entry(document).or_default();
                if let Entry::Delta { delta, .. } = entry {
                    let seq = delta.dot.seq;
                    ranges.entry(&delta.dot.agent).or_insert((seq, seq)).1 = seq;
                }
            }
            end += 1;
        }
        let change = |document: &&DocumentId| {
            let ranges = news[*document].iter();
            let ranges = ranges.map(|(agent, (from, to))| Range::new((*agent).clone(), *from, *to)).collect();
            self.documents[*document].change(document, ranges, false)
        };
        Answer::Feed {
            changes: order.iter().filter_map(change).collect(),
            next: self.cursor(end),
            more: end < self.log.len(),
        }
    }

    fn read(&self, wants: &[Want], budget: u32) -> Vec<Option<Stored>> {
        let mut left = i64::from(budget.max(1));
        let read = |want: &Want| {
            let own = self.documents.get(&want.document)?;
            let wanted = |dot: &Dot| {
                want.ranges.iter().any(|r| r.agent == dot.agent && (r.from..=r.to).contains(&dot.seq))
            };
            let mut places: Vec<usize> =
                own.deltas.iter().filter(|(dot, _)| wanted(dot)).map(|(_, (_, place))| *place).collect();
            places.sort_unstable();
            let mut deltas = Vec::new();
            for (delta, hash) in places.into_iter().filter_map(|place| self.delta(place)) {
                if left <= 0 {
                    break;
                }
                left -= delta.canonical_bytes().len() as i64;
                deltas.push((delta.clone(), *hash));
            }
            let mut ranges: BTreeMap<&AgentId, Range> = BTreeMap::new();
            for (delta, _) in &deltas {
                let dot = &delta.dot;
                let range = Range::new(dot.agent.clone(), dot.seq, dot.seq);
                ranges.entry(&dot.agent).or_insert(range).to = dot.seq;
            }
            let ranges: Vec<Range> = ranges.into_values().collect();
            let pack = Pack::of(want.document.clone(), own.crdt_type?, &deltas, want.hashes);
            (!ranges.is_empty()).then_some(Stored { pack, ranges })
        };
        wants.iter().map(read).collect()
    }

    fn append(&mut self, pack: Pack) -> Result<(), StoreRefusal> {
        let deltas = pack.open().map_err(|_| StoreRefusal::Unfit)?;
        let claims: BTreeMap<Dot, Digest> = pack.claims.into_iter().collect();
        let (document, crdt_type) = (pack.document, pack.crdt_type);
        if self.full.as_ref() == Some(&document) {
            return Err(StoreRefusal::Full);
        }
        let mut trial = self.documents.get(&document).cloned().unwrap_or_default();
        if trial.crdt_type.is_some_and(|known| known != crdt_type) {
            return Err(StoreRefusal::Unfit);
        }
        let mut entries = Vec::new();
        for delta in deltas {
            if trial.deltas.contains_key(&delta.dot) {
                continue;
            }
            let next = trial.held.get(&delta.dot.agent).copied().unwrap_or(0) + 1;
            let parents: Option<Vec<Digest>> =
                delta.parents.iter().map(|parent| Some(trial.deltas.get(parent)?.0)).collect();
            // The history may have been changed since the engine looked.
            let made = parents.map(|parents| hash_of(&delta.digest(), &parents));
            let Some(hash) = made.filter(|made| claims.get(&delta.dot).is_none_or(|claim| claim == made))
            else {
                return Err(StoreRefusal::Unfit);
            };
            if delta.dot.seq != next {
                return Err(StoreRefusal::Unfit);
            }
            trial.held.insert(delta.dot.agent.clone(), next);
            trial.deltas.insert(delta.dot.clone(), (hash, 0));
            entries.push(Entry::Delta { document: document.clone(), delta, hash });
        }
        entries.into_iter().for_each(|entry| self.push(entry));
        Ok(())
    }

    fn take_freezes(&mut self, document: &DocumentId, freezes: Vec<Freeze>) {
        for freeze in freezes {
            let Some(own) = self.documents.get(document) else { return };
            let heads: Option<Vec<(Dot, Digest)>> =
                freeze.heads.iter().map(|dot| Some((dot.clone(), own.deltas.get(dot)?.0))).collect();
            let digest = heads.zip(own.crdt_type).map(|(heads, of)| StateDigest::of(of, heads).digest());
            if digest == Some(freeze.digest) && !own.freezes.contains_key(&freeze.id(document)) {
                self.push(Entry::Freeze { document: document.clone(), freeze });
            }
        }
    }

    fn seen(&self, document: &DocumentId, agents: &[AgentId], dots: &[Dot]) -> Seen {
        let none = Document::default();
        let own = self.documents.get(document).unwrap_or(&none);
        Seen {
            crdt_type: own.crdt_type,
            held: agents.iter().map(|agent| own.held.get(agent).copied().unwrap_or(0)).collect(),
            hashes: dots.iter().map(|dot| own.deltas.get(dot).map(|(hash, _)| *hash)).collect(),
            marks: own.marks,
            freezes: own.freeze_sum(),
        }
    }

    fn leaves<'a>(&'a self, shared: &'a Shared) -> impl Iterator<Item = (&'a DocumentId, Digest)> {
        let held = self.documents.iter().filter(|(id, _)| shared.holds(id));
        held.filter_map(|(id, own)| Some((id, own.leaf(id)?)))
    }
}

impl Store for Memory {
    fn answer(&mut self, question: Question) -> Answer {
        // What is told may not be lost.
        self.synced = self.log.len();
        let answer = match question {
            Question::Feed { after, shared, most, budget } => self.feed(&after, &shared, most, budget),
            Question::Folds { shared, places } => {
                let mut folds = vec![Fold::default(); places.len()];
                for (id, leaf) in self.leaves(&shared) {
                    let place = place_of(id);
                    for (places, fold) in places.iter().zip(&mut folds) {
                        if places.holds(place) {
                            fold.add(&leaf);
                        }
                    }
                }
                Answer::Folds { folds, end: self.cursor(self.log.len()) }
            }
            Question::List { shared, places } => {
                let list = |places: &ramanujan_sync::fold::Places| {
                    let held = self.leaves(&shared).filter(|(id, _)| places.holds(place_of(id)));
                    let short =
                        |leaf: Digest| leaf.0[..8].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                    held.map(|(id, leaf)| (id.clone(), short(leaf))).collect()
                };
                Answer::List(places.iter().map(list).collect())
            }
            Question::States(documents) => {
                let state = |id: &DocumentId| {
                    let own = self.documents.get(id)?;
                    let ranges = own.held.iter().map(|(agent, to)| Range::new(agent.clone(), 1, *to));
                    own.change(id, ranges.collect(), true)
                };
                Answer::States { changes: documents.iter().filter_map(state).collect(), rest: Vec::new() }
            }
            Question::Look(looks) => {
                let seen = looks.iter().map(|look| self.seen(&look.document, &look.agents, &look.dots));
                Answer::Seen(seen.collect())
            }
            Question::Read { wants, budget } => Answer::Read(self.read(&wants, budget)),
            Question::Append(packs) => {
                Answer::Appended(packs.into_iter().map(|pack| self.append(pack).err()).collect())
            }
            Question::Mark(marks) => {
                for (document, marks) in marks {
                    if self.documents.get(&document).map_or(0, |own| own.marks) < marks {
                        self.push(Entry::Marks { document, marks });
                    }
                }
                Answer::Done
            }
            Question::Freezes { document, after, most } => {
                let none = BTreeMap::new();
                let all = self.documents.get(&document).map_or(&none, |own| &own.freezes);
                let mut rest = all.iter().filter(|(id, _)| Some(**id) > after);
                let freezes = rest.by_ref().take(most).map(|(_, freeze)| freeze.clone()).collect();
                Answer::Freezes { freezes, more: rest.next().is_some() }
            }
            Question::Freeze { document, freezes } => {
                self.take_freezes(&document, freezes);
                Answer::Done
            }
        };
        self.synced = self.log.len();
        answer
    }
}
