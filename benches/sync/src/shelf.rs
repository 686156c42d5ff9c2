//! A store in memory for measuring: deltas in the order in which they came, found by agent and number without a search.
//! It answers what the engine asks where there are no deletions and no freezes.

use std::collections::{BTreeMap, HashMap};

use ramanujan_core::{AgentId, Digest, DocumentId, Dot};
use ramanujan_crdt::state::{StateDigest, hash_of};
use ramanujan_crdt::{CrdtType, Delta, Op, TextDocument};
use ramanujan_sync::change::{Change, FreezeSum};
use ramanujan_sync::fold::{Fold, leaf_of, place_of};
use ramanujan_sync::interest::Shared;
use ramanujan_sync::limits::MAX_PACK_DELTAS;
use ramanujan_sync::message::{Cursor, Want};
use ramanujan_sync::pack::{Blob, Pack};
use ramanujan_sync::range::Range;
use ramanujan_sync::store::{Answer, Look, Question, Seen, Store, StoreRefusal, Stored};

use crate::contestants::Failure;

/// What a delta takes in a pack beside its text, at most on average; the budget of an answer is counted with it.
const DELTA_BYTES: i64 = 8;
/// Bytes of a cursor that tell this log from others.
const CHECK_BYTES: usize = 8;
/// What a change takes in a feed, roughly.
const CHANGE_BYTES: u32 = 80;

#[derive(Clone)]
struct Document {
    id: DocumentId,
    crdt_type: CrdtType,
    heads: BTreeMap<Dot, Digest>,
    deltas: Vec<(Delta, Digest)>,
    /// Places in `deltas` by number.
    of_agent: BTreeMap<AgentId, Vec<u32>>,
    /// Packs as they were stored, from which the text is made.
    packs: Vec<Vec<u8>>,
}

impl Document {
    fn held(&self, agent: &AgentId) -> u64 {
        self.of_agent.get(agent).map_or(0, |places| places.len() as u64)
    }

    fn hash(&self, dot: &Dot) -> Option<Digest> {
        let nth = usize::try_from(dot.seq.checked_sub(1)?).ok()?;
        Some(self.deltas[*self.of_agent.get(&dot.agent)?.get(nth)? as usize].1)
    }

    fn leaf(&self) -> Digest {
        let heads = self.heads.iter().map(|(dot, hash)| (dot.clone(), *hash));
        leaf_of(&self.id, &StateDigest::of(self.crdt_type, heads).digest(), 0, &Fold::default())
    }

    fn change(&self, ranges: Vec<Range>, whole: bool) -> Change {
        Change {
            document: self.id.clone(),
            crdt_type: self.crdt_type,
            heads: self.heads.iter().map(|(dot, hash)| (dot.clone(), *hash)).collect(),
            ranges,
            whole,
            marks: 0,
            freezes: FreezeSum::none(),
        }
    }
}

/// The store.
#[derive(Clone)]
pub(crate) struct Shelf {
    name: u64,
    documents: Vec<Document>,
    places: BTreeMap<DocumentId, usize>,
    /// The document of each entry, and the delta's place in it.
    log: Vec<(u32, u32)>,
}

impl Shelf {
    pub(crate) fn new(name: u64) -> Self {
        Shelf { name, documents: Vec::new(), places: BTreeMap::new(), log: Vec::new() }
    }

    fn place(&mut self, id: &DocumentId, crdt_type: CrdtType) -> usize {
        if let Some(place) = self.places.get(id) {
            return *place;
        }
        self.documents.push(Document {
            id: id.clone(),
            crdt_type,
            heads: BTreeMap::new(),
            deltas: Vec::new(),
            of_agent: BTreeMap::new(),
            packs: Vec::new(),
        });
        self.places.insert(id.clone(), self.documents.len() - 1);
        self.documents.len() - 1
    }

    /// Adds a delta that follows; `false` if it does not.
    pub(crate) fn push(&mut self, id: &DocumentId, delta: Delta, claim: Option<&Digest>) -> bool {
        let place = self.place(id, delta.op.crdt_type());
        let own = &mut self.documents[place];
        let parents: Option<Vec<Digest>> = delta.parents.iter().map(|parent| own.hash(parent)).collect();
        let Some(hash) = parents.map(|parents| hash_of(&delta.digest(), &parents)) else { return false };
        if delta.dot.seq != own.held(&delta.dot.agent) + 1 || claim.is_some_and(|claim| *claim != hash) {
            return false;
        }
        for parent in &delta.parents {
            own.heads.remove(parent);
        }
        own.heads.insert(delta.dot.clone(), hash);
        let nth = own.deltas.len() as u32;
        own.of_agent.entry(delta.dot.agent.clone()).or_default().push(nth);
        own.deltas.push((delta, hash));
        self.log.push((place as u32, nth));
        true
    }

    /// Writes as a client of this site would: on all there is.
    pub(crate) fn write(&mut self, id: &DocumentId, agent: &AgentId, op: Op) -> bool {
        let place = self.place(id, op.crdt_type());
        let own = &self.documents[place];
        let dot = Dot::new(agent.clone(), own.held(agent) + 1);
        let delta = Delta { dot, parents: own.heads.keys().cloned().collect(), op };
        self.push(id, delta, None)
    }

    /// Heads of all documents: equal if all is equal.
    pub(crate) fn heads(&self) -> BTreeMap<&DocumentId, &BTreeMap<Dot, Digest>> {
        self.documents.iter().map(|own| (&own.id, &own.heads)).collect()
    }

    /// Leaves of all documents.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = Digest> + '_ {
        self.documents.iter().map(Document::leaf)
    }

    /// The text of a document that was copied here, made from the packs as they came.
    pub(crate) fn text(&self, id: &DocumentId) -> Result<String, Failure> {
        let own = &self.documents[*self.places.get(id).ok_or("there is no such document")?];
        let mut document = TextDocument::new();
        for pack in &own.packs {
            document.apply_encoded(pack)?;
        }
        Ok(document.text()?)
    }

    /// A place in the log without leading zeros, behind a check of the log's name and of what stands before the place.
    fn cursor(&self, at: usize) -> Cursor {
        let last = at.checked_sub(1).map(|last| self.log[last]);
        let last = last.map_or(Digest([0; 32]), |(document, nth)| {
            self.documents[document as usize].deltas[nth as usize].1
        });
        let check = Digest::of_parts([self.name.to_be_bytes().as_slice(), last.as_bytes()]);
        let place = (at as u64).to_be_bytes();
        let digits = place.iter().skip_while(|byte| **byte == 0);
        Blob(check.0[..CHECK_BYTES].iter().chain(digits).copied().collect())
    }

    fn feed(&self, after: &Cursor, shared: &Shared, most: usize, budget: u32) -> Answer {
        let digits = after.0.get(CHECK_BYTES..).unwrap_or_default();
        let start = digits.iter().fold(0usize, |place, byte| place.wrapping_shl(8) | usize::from(*byte));
        if start > self.log.len() || !after.0.is_empty() && self.cursor(start) != *after {
            return Answer::Stale;
        }
        let mut news: HashMap<u32, BTreeMap<&AgentId, (u64, u64)>> = HashMap::new();
        let (mut order, mut end, mut bytes) = (Vec::new(), start, 0);
        for (place, nth) in &self.log[start..] {
            let own = &self.documents[*place as usize];
            if shared.holds(&own.id) {
                if !news.contains_key(place) {
                    if order.len() >= most || bytes > budget {
                        break;
                    }
                    bytes += CHANGE_BYTES;
                    order.push(*place);
                }
                let dot = &own.deltas[*nth as usize].0.dot;
                news.entry(*place).or_default().entry(&dot.agent).or_insert((dot.seq, dot.seq)).1 = dot.seq;
            }
            end += 1;
        }
        let change = |place: &u32| {
            let ranges = news[place].iter();
            let ranges = ranges.map(|(agent, (from, to))| Range::new((*agent).clone(), *from, *to)).collect();
            self.documents[*place as usize].change(ranges, false)
        };
        let changes = order.iter().map(change).collect();
        Answer::Feed { changes, next: self.cursor(end), more: end < self.log.len() }
    }

    fn of(&self, id: &DocumentId) -> Option<&Document> {
        Some(&self.documents[*self.places.get(id)?])
    }

    fn read(&self, wants: &[Want], budget: u32) -> Vec<Option<Stored>> {
        let mut left = i64::from(budget.max(1));
        let read = |want: &Want| {
            let own = self.of(&want.document)?;
            let mut places = Vec::new();
            for range in &want.ranges {
                let all = own.of_agent.get(&range.agent)?;
                let to = (range.to as usize).min(all.len());
                places.extend_from_slice(&all[(range.from as usize - 1).min(to)..to]);
            }
            places.sort_unstable();
            let mut count = 0;
            for place in places.iter().take(MAX_PACK_DELTAS) {
                if left <= 0 {
                    break;
                }
                left -= DELTA_BYTES;
                if let Op::Insert { text, .. } = &own.deltas[*place as usize].0.op {
                    left -= text.len() as i64;
                }
                count += 1;
            }
            let deltas: Vec<(Delta, Digest)> =
                places[..count].iter().map(|place| own.deltas[*place as usize].clone()).collect();
            let mut ranges: BTreeMap<&AgentId, Range> = BTreeMap::new();
            for (Delta { dot, .. }, _) in &deltas {
                let range = Range::new(dot.agent.clone(), dot.seq, dot.seq);
                ranges.entry(&dot.agent).or_insert(range).to = dot.seq;
            }
            let ranges: Vec<Range> = ranges.into_values().collect();
            let pack = Pack::of(own.id.clone(), own.crdt_type, &deltas, want.hashes);
            (count > 0).then_some(Stored { pack, ranges })
        };
        wants.iter().map(read).collect()
    }

    fn append(&mut self, pack: Pack) -> Result<(), StoreRefusal> {
        let deltas = pack.open().map_err(|_| StoreRefusal::Unfit)?;
        let claims: HashMap<Dot, Digest> = pack.claims.into_iter().collect();
        for delta in deltas {
            let claim = claims.get(&delta.dot);
            if self.of(&pack.document).is_none_or(|own| own.hash(&delta.dot).is_none())
                && !self.push(&pack.document, delta, claim)
            {
                return Err(StoreRefusal::Unfit);
            }
        }
        let place = self.place(&pack.document, pack.crdt_type);
        self.documents[place].packs.push(pack.deltas.0);
        Ok(())
    }

    fn seen(&self, look: &Look) -> Seen {
        let own = self.of(&look.document);
        let held = |agent: &AgentId| own.map_or(0, |own| own.held(agent));
        Seen {
            crdt_type: own.map(|own| own.crdt_type),
            held: look.agents.iter().map(held).collect(),
            hashes: look.dots.iter().map(|dot| own?.hash(dot)).collect(),
            marks: 0,
            freezes: FreezeSum::none(),
        }
    }

    fn within<'a>(&'a self, shared: &'a Shared) -> impl Iterator<Item = (&'a Document, u64)> {
        let held = self.documents.iter().filter(|own| shared.holds(&own.id));
        held.map(|own| (own, place_of(&own.id)))
    }
}

impl Store for Shelf {
    fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Feed { after, shared, most, budget } => self.feed(&after, &shared, most, budget),
            Question::Folds { shared, places } => {
                let mut folds = vec![Fold::default(); places.len()];
                for (own, at) in self.within(&shared) {
                    let mut leaf = None;
                    for (places, fold) in places.iter().zip(&mut folds).filter(|(places, _)| places.holds(at))
                    {
                        let _ = places;
                        fold.add(leaf.get_or_insert_with(|| own.leaf()));
                    }
                }
                Answer::Folds { folds, end: self.cursor(self.log.len()) }
            }
            Question::List { shared, places } => {
                let short =
                    |Digest(leaf): Digest| leaf[..8].iter().fold(0, |sum, b| sum << 8 | u64::from(*b));
                let mut lists = vec![Vec::new(); places.len()];
                for (own, at) in self.within(&shared) {
                    for (places, list) in places.iter().zip(&mut lists) {
                        if places.holds(at) {
                            list.push((own.id.clone(), short(own.leaf())));
                        }
                    }
                }
                lists.iter_mut().for_each(|list| list.sort());
                Answer::List(lists)
            }
            Question::States(documents) => {
                let state = |own: &Document| {
                    let mut ranges: Vec<Range> = own
                        .of_agent
                        .iter()
                        .map(|(agent, places)| Range::new(agent.clone(), 1, places.len() as u64))
                        .collect();
                    ranges.sort();
                    own.change(ranges, true)
                };
                let changes = documents.iter().filter_map(|id| self.of(id)).map(state).collect();
                Answer::States { changes, rest: Vec::new() }
            }
            Question::Look(looks) => Answer::Seen(looks.iter().map(|look| self.seen(look)).collect()),
            Question::Read { wants, budget } => Answer::Read(self.read(&wants, budget)),
            Question::Append(packs) => {
                Answer::Appended(packs.into_iter().map(|pack| self.append(pack).err()).collect())
            }
            Question::Mark(_) | Question::Freeze { .. } => Answer::Done,
            Question::Freezes { .. } => Answer::Freezes { freezes: Vec::new(), more: false },
        }
    }
}
