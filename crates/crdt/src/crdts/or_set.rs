//! OR-set without tombstones (Bieniusa et al., "An optimized conflict-free replicated set", 2012): an addition wins over
//! a concurrent removal.
//!
//! An element is in the set as long as an addition of it is that no removal has seen. The state holds those additions
//! by their dots; one that the version covers and the state does not hold has been removed.

pub(super) mod touched;

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Range;

use ramanujan_core::{AgentId, VectorClock, VersionVector};

use super::crdt::{ApplyError, CannotRestore, Crdt, Diff, wrong_type};
use super::crdt_type::CrdtType;
use super::event::Event;
use super::load::Load;
use super::op::Op;
use crate::codec::{DecodeError, Reader, Writer};
use crate::value::Json;

/// A set that each actor adds to and removes from what it has seen.
///
/// Flat: elements, the ends of their dots, and the dots stand in a vector each, sorted, so that a join is one pass.
#[derive(Clone, Debug, PartialEq)]
pub struct OrSet<E, A = AgentId> {
    version: VersionVector<A>,
    /// Sorted.
    elements: Vec<E>,
    /// Where the dots of each element end in `dots`; they begin where the previous element's end. Empty if each element
    /// has one dot, as is the rule: only concurrent additions leave several.
    ends: Vec<u32>,
    /// Sorted within an element; each element has one at least.
    dots: Vec<SlotDot>,
}

/// A dot whose actor is a place in the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SlotDot {
    actor: u32,
    seq: u64,
}

impl SlotDot {
    fn is_in(self, counters: &[u64]) -> bool {
        counters.get(self.actor as usize).is_some_and(|counter| self.seq <= *counter)
    }
}

impl<E, A> OrSet<E, A> {
    /// The empty set.
    pub fn new() -> Self {
        OrSet { version: VersionVector::new(), elements: Vec::new(), ends: Vec::new(), dots: Vec::new() }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The elements in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &E> {
        self.elements.iter()
    }

    fn range(&self, at: usize) -> Range<usize> {
        if self.ends.is_empty() {
            return at..at + 1;
        }
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        start..self.ends[at] as usize
    }

    /// Ends the dots of the last element, which stand last in `dots`.
    fn close(&mut self) {
        if self.ends.is_empty() {
            if self.dots.len() == self.elements.len() {
                return;
            }
            self.ends.extend(1..self.elements.len() as u32);
        }
        self.ends.push(self.dots.len() as u32);
    }

    /// Forgets the ends if each element has one dot.
    fn settle(&mut self) {
        if self.dots.len() == self.elements.len() {
            self.ends.clear();
        }
    }
}

impl<E: Ord + Clone, A: Ord + Clone> OrSet<E, A> {
    /// Whether an element is in the set.
    pub fn contains(&self, element: &E) -> bool {
        self.elements.binary_search(element).is_ok()
    }

    /// Which operations of each actor the set has seen.
    pub fn versions(&self) -> &VersionVector<A> {
        &self.version
    }

    /// Adds an element in the name of `actor`, after everything seen here.
    pub fn add(&mut self, actor: &A, element: E) {
        self.add_after(|_, _| true, actor, self.version.counter(actor) + 1, element);
    }

    /// Removes an element in the name of `actor`, after everything seen here.
    pub fn remove(&mut self, actor: &A, element: &E) {
        self.remove_after(|_, _| true, actor, self.version.counter(actor) + 1, element);
    }

    /// `seen` tells which operations this one was made after.
    fn add_after(&mut self, seen: impl Fn(&A, u64) -> bool, actor: &A, seq: u64, element: E) {
        let slot = self.count_in(actor, seq);
        let added = SlotDot { actor: slot, seq };
        match self.elements.binary_search(&element) {
            Ok(at) => {
                let mut dots = self.unseen(at, seen);
                let place = dots.partition_point(|dot| *dot < added);
                dots.insert(place, added);
                self.replace(at, &dots);
            }
            Err(at) => self.insert_one(at, element, added),
        }
    }

    /// Adds an element at its place, with one dot.
    fn insert_one(&mut self, at: usize, element: E, dot: SlotDot) {
        if self.ends.is_empty() {
            self.elements.insert(at, element);
            self.dots.insert(at, dot);
            return;
        }
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        self.elements.insert(at, element);
        self.dots.insert(start as usize, dot);
        self.ends.insert(at, start);
        self.ends[at..].iter_mut().for_each(|end| *end += 1);
    }

    fn remove_after(&mut self, seen: impl Fn(&A, u64) -> bool, actor: &A, seq: u64, element: &E) {
        self.count_in(actor, seq);
        if let Ok(at) = self.elements.binary_search(element) {
            let dots = self.unseen(at, seen);
            self.replace(at, &dots);
        }
    }

    /// Raises the version; returns the actor's place in it.
    fn count_in(&mut self, actor: &A, seq: u64) -> u32 {
        if let Some(inserted) = self.version.raise(actor, seq) {
            let inserted = inserted as u32;
            self.dots.iter_mut().for_each(|dot| dot.actor += u32::from(dot.actor >= inserted));
            return inserted;
        }
        let (Ok(at) | Err(at)) = self.version.entries().position(actor);
        at as u32
    }

    /// The dots of an element that have not been seen.
    fn unseen(&self, at: usize, seen: impl Fn(&A, u64) -> bool) -> Vec<SlotDot> {
        let actors = self.version.entries().actors();
        let seen = |dot: &SlotDot| seen(&actors[dot.actor as usize], dot.seq);
        self.dots[self.range(at)].iter().copied().filter(|dot| !seen(dot)).collect()
    }

    /// Gives an element other dots; without any it leaves.
    fn replace(&mut self, at: usize, dots: &[SlotDot]) {
        let range = self.range(at);
        if dots.len() != range.len() {
            if self.ends.is_empty() {
                self.ends.extend(1..=self.elements.len() as u32);
            }
            let (before, after) = (range.len() as u32, dots.len() as u32);
            self.ends[at..].iter_mut().for_each(|end| *end = *end - before + after);
        }
        self.dots.splice(range, dots.iter().copied());
        if dots.is_empty() {
            self.elements.remove(at);
            self.ends.remove(at);
        }
        self.settle();
    }

    /// Least upper bound, in place: a dot stays if both sides hold it, or if one does that the other has not seen.
    pub fn join(&mut self, other: &Self) {
        let sides = Sides::of(self, other);
        self.version.join(&other.version);
        let first = self.common_prefix(other, &sides);
        if first < self.len() || first < other.len() {
            self.join_from(first, other, &sides);
        }
    }

    /// Number of elements from the first on that both sides have with the same dots.
    fn common_prefix(&self, other: &Self, sides: &Sides) -> usize {
        if sides.to_union.is_some() {
            return 0;
        }
        let same = |at: &usize| {
            self.elements[*at] == other.elements[*at]
                && self.range(*at) == other.range(*at)
                && self.dots[self.range(*at)] == other.dots[other.range(*at)]
        };
        (0..self.len().min(other.len())).take_while(same).count()
    }

    fn join_from(&mut self, first: usize, other: &Self, sides: &Sides) {
        let start = first.checked_sub(1).map_or(0, |before| self.range(before).end);
        let room = self.len().max(other.len());
        let mut mine = cut(&mut self.elements, first, room).into_iter().peekable();
        let my_ends = self.ends.split_off(first.min(self.ends.len()));
        let my_end = |at: usize| my_ends.get(at).map_or(at + 1, |end| *end as usize - start);
        let my_dots = cut(&mut self.dots, start, room);
        let (mut i, mut j) = (0, first);
        let mut my_start = 0;
        loop {
            let order = match (mine.peek(), other.elements.get(j)) {
                (Some(a), Some(b)) => a.cmp(b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            let (mut ours, mut theirs) = (&my_dots[..0], &other.dots[..0]);
            if order.is_le() {
                ours = &my_dots[my_start..my_end(i)];
                my_start = my_end(i);
                i += 1;
            }
            if order.is_ge() {
                theirs = &other.dots[other.range(j)];
                j += 1;
            }
            let before = self.dots.len();
            sides.join_dots(ours, theirs, &mut self.dots);
            let stays = self.dots.len() > before;
            let element = if order.is_le() { mine.next() } else { None };
            if stays {
                self.elements.extend(element.or_else(|| other.elements.get(j - 1).cloned()));
                self.close();
            }
        }
        self.settle();
    }
}

/// Takes the tail of a vector off, leaving room for another.
fn cut<T>(vector: &mut Vec<T>, at: usize, room: usize) -> Vec<T> {
    if at > 0 {
        return vector.split_off(at);
    }
    std::mem::replace(vector, Vec::with_capacity(room))
}

/// What two joining sets have seen.
struct Sides {
    /// By the places of actors in the joined version.
    seen: Vec<Seen>,
    /// Places of the other's actors, if they are not the same as here.
    to_union: Option<Vec<u32>>,
}

/// Operations of one actor that the two sides have seen.
struct Seen {
    mine: u64,
    theirs: u64,
}

impl Sides {
    /// Moves the dots of `set` to the places of the joined version.
    fn of<E, A: Ord + Clone>(set: &mut OrSet<E, A>, other: &OrSet<E, A>) -> Self {
        let (mine, theirs) = (set.version.entries(), other.version.entries());
        if mine.same_actors(theirs) {
            let counters = mine.values().iter().zip(theirs.values());
            let seen = counters.map(|(mine, theirs)| Seen { mine: *mine, theirs: *theirs }).collect();
            return Sides { seen, to_union: None };
        }
        let mut my_places = Vec::with_capacity(mine.len());
        let mut their_places = Vec::with_capacity(theirs.len());
        let mut seen = Vec::with_capacity(mine.len() + theirs.len());
        mine.pairwise(theirs, |left, right| {
            let place = seen.len() as u32;
            if left.is_some() {
                my_places.push(place);
            }
            if right.is_some() {
                their_places.push(place);
            }
            let counter = |entry: Option<&u64>| entry.copied().unwrap_or(0);
            seen.push(Seen { mine: counter(left), theirs: counter(right) });
        });
        for dot in &mut set.dots {
            dot.actor = my_places[dot.actor as usize];
        }
        Sides { seen, to_union: Some(their_places) }
    }

    fn seen_here(&self, dot: SlotDot) -> bool {
        self.seen.get(dot.actor as usize).is_some_and(|seen| dot.seq <= seen.mine)
    }

    fn seen_there(&self, dot: SlotDot) -> bool {
        self.seen.get(dot.actor as usize).is_some_and(|seen| dot.seq <= seen.theirs)
    }

    fn placed(&self, dot: SlotDot) -> SlotDot {
        match &self.to_union {
            None => dot,
            Some(places) => SlotDot { actor: places[dot.actor as usize], seq: dot.seq },
        }
    }

    /// Appends the dots of an element that stay, in order.
    fn join_dots(&self, ours: &[SlotDot], theirs: &[SlotDot], out: &mut Vec<SlotDot>) {
        if let ([mine], [theirs]) = (ours, theirs)
            && *mine == self.placed(*theirs)
        {
            return out.push(*mine);
        }
        let mut theirs = theirs.iter().map(|dot| self.placed(*dot)).peekable();
        for mine in ours {
            while let Some(new) = theirs.next_if(|theirs| theirs < mine) {
                if !self.seen_here(new) {
                    out.push(new);
                }
            }
            if theirs.next_if_eq(mine).is_some() || !self.seen_there(*mine) {
                out.push(*mine);
            }
        }
        out.extend(theirs.filter(|new| !self.seen_here(*new)));
    }
}

impl<E, A> Default for OrSet<E, A> {
    fn default() -> Self {
        Self::new()
    }
}

/// The state of a document of this type.
pub(super) type State = OrSet<Json>;

impl Crdt for OrSet<Json> {
    const TYPE: CrdtType = CrdtType::OrSet;

    fn version(&self) -> &VectorClock {
        &self.version
    }

    fn join(&mut self, other: &Self) {
        OrSet::join(self, other);
    }

    /// Elements known already stay, or they would count as removed.
    fn diff(&self, since: &VectorClock) -> Diff<Self> {
        Diff { since: since.clone(), part: self.clone() }
    }

    fn take_effect(&mut self, event: &Event<'_>, op: &Op) -> Result<(), ApplyError> {
        let (agent, seq) = (&event.dot.agent, event.dot.seq);
        let seen = |agent: &AgentId, seq| event.past.covers(agent, seq);
        match op {
            Op::Add { element } => self.add_after(seen, agent, seq, element.clone()),
            Op::Remove { element } => self.remove_after(seen, agent, seq, element),
            _ => return Err(wrong_type(Self::TYPE, op)),
        }
        Ok(())
    }

    /// Per element its value and its dots, each dot's place of the agent doubled, plus one if another follows.
    fn put(&self, writer: &mut Writer) {
        writer.version(&self.version);
        writer.uint(self.elements.len() as u64);
        for (at, element) in self.elements.iter().enumerate() {
            element.put_canonical(writer.out());
            let range = self.range(at);
            let last = range.end - 1;
            for (place, dot) in range.clone().zip(&self.dots[range]) {
                writer.uint(u64::from(dot.actor) << 1 | u64::from(place < last));
                writer.uint(dot.seq);
            }
        }
    }

    fn value(&self) -> Json {
        Json::List(self.iter().cloned().collect())
    }

    fn load(&self) -> Load {
        let mut load = Load { values: 1, ..Load::default() };
        self.iter().for_each(|element| load.add(Load::of(element)));
        load
    }

    fn difference(from: &Json, to: &Json) -> Result<Vec<Op>, CannotRestore> {
        let (Json::List(from), Json::List(to)) = (from, to) else { return Err(CannotRestore::OTHER_KIND) };
        let (before, after): (BTreeSet<&Json>, BTreeSet<&Json>) =
            (from.iter().collect(), to.iter().collect());
        let gone = before.difference(&after).map(|element| Op::Remove { element: (*element).clone() });
        let back = after.difference(&before).map(|element| Op::Add { element: (*element).clone() });
        Ok(gone.chain(back).collect())
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = reader.version()?;
        let count = reader.count()?;
        let mut set = OrSet { version, ..OrSet::new() };
        for _ in 0..count {
            let element = Json::take_canonical(reader.bytes())?;
            if set.elements.last().is_some_and(|last| *last >= element) {
                return Err(DecodeError::Malformed("elements are not sorted"));
            }
            let start = set.dots.len();
            set.elements.push(element);
            loop {
                let head = reader.uint()?;
                let dot = set.take_dot(head >> 1, reader.uint()?)?;
                set.dots.push(dot);
                if head & 1 == 0 {
                    break;
                }
            }
            if !set.dots[start..].is_sorted_by(|a, b| a < b) || u32::try_from(set.dots.len()).is_err() {
                return Err(DecodeError::Malformed("dots are not sorted, or too many"));
            }
            set.close();
        }
        Ok(set)
    }
}

impl<E, A> OrSet<E, A> {
    fn take_dot(&self, actor: u64, seq: u64) -> Result<SlotDot, DecodeError> {
        let dot = u32::try_from(actor).ok().map(|actor| SlotDot { actor, seq });
        dot.filter(|dot| seq > 0 && dot.is_in(self.version.entries().values()))
            .ok_or(DecodeError::Malformed("a dot is beyond the version"))
    }
}
