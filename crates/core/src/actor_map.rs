//! Flat sorted maps from actors to values: what clocks and counters are made of.
//!
//! The actors of a document change rarely, while the values change all the time and are joined again and again. So the
//! two stand apart: the sorted actors in a table that clones share, the values in a row beside it, which lies within the
//! map itself if it is short. Cloning copies the values only, and maps over the same actors join in lockstep.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use tinyvec::TinyVec;

use crate::AgentId;
use crate::actor_table::Table;

/// Values that lie within the map itself: a network has nine agents as a rule.
const ROW: usize = 10;

/// Actors up to which a join of two rows needs no memory but its result's.
const FEW: usize = 2 * ROW;

/// A map from actors to values, sorted by actor.
#[derive(Clone)]
pub struct ActorMap<A, V: Default> {
    actors: Table<A>,
    values: TinyVec<[V; ROW]>,
}

impl<A, V: Default> ActorMap<A, V> {
    /// A map of no actors, which owns no memory.
    pub fn new() -> Self {
        ActorMap { actors: Table::Empty, values: TinyVec::new() }
    }

    /// The actors in order.
    pub fn actors(&self) -> &[A] {
        self.actors.actors()
    }

    /// The values in the order of their actors.
    pub fn values(&self) -> &[V] {
        &self.values
    }

    /// The values in the order of their actors.
    pub fn values_mut(&mut self) -> &mut [V] {
        &mut self.values
    }

    /// Number of actors.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no actor.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Entries in the order of the actors.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&A, &V)> + DoubleEndedIterator {
        self.actors().iter().zip(self.values.iter())
    }
}

impl<A: Ord + Clone, V: Default> ActorMap<A, V> {
    /// Where `actor` is, or where it would have to be inserted.
    ///
    /// # Errors
    /// The place to insert it, if it is not there.
    pub fn position<Q: Ord + ?Sized>(&self, actor: &Q) -> Result<usize, usize>
    where
        A: Borrow<Q>,
    {
        self.actors().binary_search_by(|known| known.borrow().cmp(actor))
    }

    /// The value of `actor`, `None` if it is not there.
    pub fn get<Q: Ord + ?Sized>(&self, actor: &Q) -> Option<&V>
    where
        A: Borrow<Q>,
    {
        self.position(actor).ok().map(|at| &self.values[at])
    }

    /// As [`ActorMap::get`], to change it.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, actor: &Q) -> Option<&mut V>
    where
        A: Borrow<Q>,
    {
        self.position(actor).ok().map(|at| &mut self.values[at])
    }

    /// Inserts an entry at a place that [`position`](Self::position) gave for its actor.
    pub fn insert_at(&mut self, at: usize, actor: A, value: V) {
        debug_assert!(self.actors()[..at].last().is_none_or(|before| *before < actor), "actors stay sorted");
        debug_assert!(self.actors().get(at).is_none_or(|after| actor < *after), "actors stay sorted");
        self.actors.insert(at, actor);
        self.values.insert(at, value);
    }

    /// The value of `actor`, a new one if there is none.
    pub fn entry(&mut self, actor: &A) -> &mut V
    where
        V: Default,
    {
        self.entry_with(actor, || actor.clone())
    }

    fn entry_with<Q: Ord + ?Sized>(&mut self, actor: &Q, owned: impl FnOnce() -> A) -> &mut V
    where
        A: Borrow<Q>,
        V: Default,
    {
        let at = self.position(actor).unwrap_or_else(|at| {
            self.insert_at(at, owned(), V::default());
            at
        });
        &mut self.values[at]
    }

    /// Number of actors from the first on that are the same in both maps.
    fn common_actors<W: Default>(&self, other: &ActorMap<A, W>) -> usize {
        let (mine, theirs) = (self.actors(), other.actors());
        if std::ptr::eq(mine, theirs) {
            return mine.len();
        }
        // One by one: a comparison of whole tables is one of bytes, which the libc of Wasm does a byte at a time.
        mine.iter().zip(theirs).take_while(|(mine, theirs)| mine == theirs).count()
    }

    /// Whether both maps have the same actors, so that their values stand side by side.
    pub fn same_actors<W: Default>(&self, other: &ActorMap<A, W>) -> bool {
        self.len() == other.len() && self.common_actors(other) == self.len()
    }

    /// Takes in every entry of `other`: new ones are copied, for the others `join` decides.
    pub fn join_with(&mut self, other: &Self, mut join: impl FnMut(&mut V, &V))
    where
        V: Copy,
    {
        let same = self.common_actors(other);
        self.values[..same]
            .iter_mut()
            .zip(&other.values[..same])
            .for_each(|(mine, theirs)| join(mine, theirs));
        let (left, right) = (self.actors.actors(), other.actors());
        let (mine, theirs) = (&mut self.values[..left.len()], &other.values[..right.len()]);
        let (mut i, mut j) = (same, same);
        while i < left.len() && j < right.len() {
            if left[i] == right[j] {
                join(&mut mine[i], &theirs[j]);
                j += 1;
            } else if left[i] > right[j] {
                break;
            }
            i += 1;
        }
        if j < right.len() {
            self.join_rest(i, other, j, join);
        }
    }

    /// Joins what is left on both sides from the first actor on that is missing here.
    fn join_rest(&mut self, at: usize, other: &Self, from: usize, join: impl FnMut(&mut V, &V))
    where
        V: Copy,
    {
        let (head, left) = self.actors().split_at(at);
        let (my_head, mine) = self.values.split_at(at);
        let (right, theirs) = (&other.actors()[from..], &other.values[from..]);
        let room = self.len() + right.len();
        if room <= FEW {
            let mut actors = [&right[0]; FEW];
            let mut values = [V::default(); FEW];
            actors.iter_mut().zip(head).for_each(|(place, actor)| *place = actor);
            values[..at].copy_from_slice(my_head);
            let mut len = at;
            merge((left, mine), (right, theirs), join, |actor, value| {
                (actors[len], values[len]) = (actor, value);
                len += 1;
            });
            self.actors = Table::Fixed(actors[..len].iter().copied().cloned().collect());
            self.values = TinyVec::from(&values[..len]);
        } else {
            let (mut actors, mut values) = (Vec::with_capacity(room), Vec::with_capacity(room));
            actors.extend_from_slice(head);
            values.extend_from_slice(my_head);
            merge((left, mine), (right, theirs), join, |actor, value| {
                actors.push(actor.clone());
                values.push(value);
            });
            self.actors = actors.into();
            self.values = TinyVec::Heap(values);
        }
    }

    /// Calls `pair` with both values of every actor that either map has.
    pub fn pairwise<'a, W: Default>(
        &'a self,
        other: &'a ActorMap<A, W>,
        mut pair: impl FnMut(Option<&'a V>, Option<&'a W>),
    ) {
        let same = self.common_actors(other);
        self.values[..same]
            .iter()
            .zip(&other.values[..same])
            .for_each(|(mine, theirs)| pair(Some(mine), Some(theirs)));
        let (left, right) = (self.actors(), other.actors());
        let (mine, theirs) = (&self.values[..left.len()], &other.values[..right.len()]);
        let (mut i, mut j) = (same, same);
        while i < left.len() && j < right.len() {
            match left[i].cmp(&right[j]) {
                Ordering::Less => {
                    pair(Some(&mine[i]), None);
                    i += 1;
                }
                Ordering::Equal => {
                    pair(Some(&mine[i]), Some(&theirs[j]));
                    i += 1;
                    j += 1;
                }
                Ordering::Greater => {
                    pair(None, Some(&theirs[j]));
                    j += 1;
                }
            }
        }
        mine[i..].iter().for_each(|mine| pair(Some(mine), None));
        theirs[j..].iter().for_each(|theirs| pair(None, Some(theirs)));
    }

    /// The entries that `keep` wants.
    #[must_use]
    pub fn filtered(&self, mut keep: impl FnMut(&A, &V) -> bool) -> Self
    where
        V: Copy,
    {
        self.iter().filter(|(actor, value)| keep(actor, value)).map(|(a, v)| (a.clone(), *v)).collect()
    }
}

/// Calls `each` with every entry of two maps, given as their sorted actors and the values beside them.
fn merge<'a, A: Ord, V: Copy>(
    (left, mine): (&'a [A], &[V]),
    (right, theirs): (&'a [A], &[V]),
    mut join: impl FnMut(&mut V, &V),
    mut each: impl FnMut(&'a A, V),
) {
    let (mine, theirs) = (&mine[..left.len()], &theirs[..right.len()]);
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        match left[i].cmp(&right[j]) {
            Ordering::Less => {
                each(&left[i], mine[i]);
                i += 1;
            }
            Ordering::Equal => {
                let mut value = mine[i];
                join(&mut value, &theirs[j]);
                each(&left[i], value);
                i += 1;
                j += 1;
            }
            Ordering::Greater => {
                each(&right[j], theirs[j]);
                j += 1;
            }
        }
    }
    left[i..]
        .iter()
        .zip(&mine[i..])
        .chain(right[j..].iter().zip(&theirs[j..]))
        .for_each(|(a, v)| each(a, *v));
}

impl<A: Ord + Clone, V: Default> ActorMap<A, V> {
    /// A map of entries in any order. A second value of an actor is given to `combine` with the one that is kept.
    pub(crate) fn gather(
        entries: impl IntoIterator<Item = (A, V)>,
        combine: impl Fn(&mut V, V),
    ) -> ActorMap<A, V> {
        let (mut actors, mut values): (Vec<A>, TinyVec<[V; ROW]>) = entries.into_iter().unzip();
        if !actors.is_sorted_by(|a, b| a < b) {
            let places = ascending(actors.len(), &|a, b| actors[a].cmp(&actors[b]));
            let mut kept: (Vec<A>, TinyVec<[V; ROW]>) = Default::default();
            for place in places {
                let value = std::mem::take(&mut values[place]);
                match kept.1.last_mut() {
                    Some(last) if kept.0.last() == Some(&actors[place]) => combine(last, value),
                    _ => {
                        kept.0.push(actors[place].clone());
                        kept.1.push(value);
                    }
                }
            }
            (actors, values) = kept;
        }
        ActorMap { actors: actors.into(), values }
    }
}

impl<V: Default> ActorMap<AgentId, V> {
    /// The value of the agent of this name, a new one if there is none. Names are checked where they are read.
    pub fn of_agent(&mut self, agent: &str) -> &mut V {
        self.entry_with(agent, || AgentId::of_key(agent))
    }
}

impl<A: Ord + Clone, V: Default> FromIterator<(A, V)> for ActorMap<A, V> {
    /// Of several values of one actor the last stays.
    fn from_iter<I: IntoIterator<Item = (A, V)>>(entries: I) -> Self {
        ActorMap::gather(entries, |kept, value| *kept = value)
    }
}

/// The places `0..len` in the order of what stands at them, equal ones as they come. Sorting the places leaves the types
/// of what is sorted out of it, so that a component holds one sort in place of one for each.
pub fn ascending(len: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..len).collect();
    places.sort_unstable_by(|a, b| compare(*a, *b).then(a.cmp(b)));
    places
}

impl<A, V: Default> Default for ActorMap<A, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: PartialEq, V: Default + PartialEq> PartialEq for ActorMap<A, V> {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values && self.actors() == other.actors()
    }
}

impl<A: Eq, V: Default + Eq> Eq for ActorMap<A, V> {}

impl<A: Hash, V: Default + Hash> Hash for ActorMap<A, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.actors().hash(state);
        self.values.hash(state);
    }
}

impl<A: fmt::Debug, V: Default + fmt::Debug> fmt::Debug for ActorMap<A, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn any_map() -> impl Strategy<Value = BTreeMap<u8, u8>> {
        prop_oneof![
            prop::collection::btree_map(0u8..8, 0u8..4, 0..8),
            prop::collection::btree_map(0u8..20, 0u8..4, 8..20),
        ]
    }

    fn flat(map: &BTreeMap<u8, u8>) -> ActorMap<u8, u8> {
        map.iter().map(|(a, v)| (*a, *v)).collect()
    }

    proptest! {
        #[test]
        fn it_is_a_map(entries in prop::collection::vec((0u8..16, 0u8..4), 0..24), actor in 0u8..16) {
            let model: BTreeMap<u8, u8> = entries.iter().copied().collect();
            let map: ActorMap<u8, u8> = entries.into_iter().collect();
            prop_assert_eq!(&map, &flat(&model));
            prop_assert_eq!(map.get(&actor), model.get(&actor));
            let mut grown = map.clone();
            if let Err(at) = grown.position(&actor) {
                grown.insert_at(at, actor, 9);
                prop_assert_eq!(grown.get(&actor), Some(&9));
                prop_assert_eq!(map.get(&actor), None, "the table is copied before it is written to");
            }
        }

        #[test]
        fn join_joins_values_under_one_key(a in any_map(), b in any_map()) {
            let mut model = a.clone();
            for (actor, value) in &b {
                model.entry(*actor).and_modify(|mine| *mine = (*mine).max(*value)).or_insert(*value);
            }
            let mut map = flat(&a);
            map.join_with(&flat(&b), |mine, theirs| *mine = (*mine).max(*theirs));
            prop_assert_eq!(map, flat(&model));
        }

        #[test]
        fn pairs_cover_the_union(a in any_map(), b in any_map()) {
            let mut seen = Vec::new();
            flat(&a).pairwise(&flat(&b), |left, right| seen.push((left.copied(), right.copied())));
            let keys: std::collections::BTreeSet<u8> = a.keys().chain(b.keys()).copied().collect();
            let expected: Vec<_> = keys.iter().map(|k| (a.get(k).copied(), b.get(k).copied())).collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
