//! Flat sorted maps from actors to values: what clocks and counters are made of.
//!
//! The actors of a document change rarely, while the values change all the time and are joined again and again. So the
//! two stand apart: the sorted actors in a table that clones share, the values in a row beside it. Cloning copies the
//! values only, and maps over the same actors join in lockstep.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use smallvec::SmallVec;

use crate::AgentId;

/// Actors up to which a join puts their table together without an allocation of its own.
const FEW: usize = 24;

/// A map from actors to values, sorted by actor.
#[derive(Clone)]
pub struct ActorMap<A, V> {
    /// `None` if there are none, so that an empty map takes no memory.
    actors: Option<Arc<[A]>>,
    values: Vec<V>,
}

impl<A, V> ActorMap<A, V> {
    pub fn new() -> Self {
        ActorMap { actors: None, values: Vec::new() }
    }

    /// The actors in order.
    pub fn actors(&self) -> &[A] {
        self.actors.as_deref().unwrap_or_default()
    }

    /// The values in the order of their actors.
    pub fn values(&self) -> &[V] {
        &self.values
    }

    /// The values in the order of their actors.
    pub fn values_mut(&mut self) -> &mut [V] {
        &mut self.values
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Entries in the order of the actors.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&A, &V)> + DoubleEndedIterator {
        self.actors().iter().zip(&self.values)
    }
}

impl<A: Ord + Clone, V> ActorMap<A, V> {
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

    pub fn get<Q: Ord + ?Sized>(&self, actor: &Q) -> Option<&V>
    where
        A: Borrow<Q>,
    {
        self.position(actor).ok().map(|at| &self.values[at])
    }

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
        let (before, after) = self.actors().split_at(at);
        let actors: Vec<A> = before.iter().cloned().chain([actor]).chain(after.iter().cloned()).collect();
        self.actors = Some(actors.into());
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

    /// Whether both maps have the same actors, so that their values stand side by side.
    pub fn same_actors<W>(&self, other: &ActorMap<A, W>) -> bool {
        match (&self.actors, &other.actors) {
            (Some(mine), Some(theirs)) => Arc::ptr_eq(mine, theirs) || mine == theirs,
            _ => self.is_empty() && other.is_empty(),
        }
    }

    /// Takes in every entry of `other`: new ones are cloned, for the others `join` decides.
    pub fn join_with(&mut self, other: &Self, mut join: impl FnMut(&mut V, &V))
    where
        V: Copy,
    {
        if self.same_actors(other) {
            self.values.iter_mut().zip(&other.values).for_each(|(mine, theirs)| join(mine, theirs));
            return;
        }
        let mut at = 0;
        for (place, (actor, theirs)) in other.iter().enumerate() {
            while self.actors().get(at).is_some_and(|mine| mine < actor) {
                at += 1;
            }
            if self.actors().get(at) != Some(actor) {
                return self.join_rest(at, other, place, join);
            }
            join(&mut self.values[at], theirs);
            at += 1;
        }
    }

    /// Joins what is left on both sides from the first actor on that is missing here.
    fn join_rest(&mut self, at: usize, other: &Self, from: usize, mut join: impl FnMut(&mut V, &V))
    where
        V: Copy,
    {
        let room = self.len() + other.len() - from;
        let (left, right) = (self.actors(), other.actors());
        let mut actors: SmallVec<[A; FEW]> = SmallVec::with_capacity(room);
        let mut values = Vec::with_capacity(room);
        actors.extend(left[..at].iter().cloned());
        values.extend_from_slice(&self.values[..at]);
        let (mut i, mut j) = (at, from);
        while i < left.len() || j < right.len() {
            let order = match (left.get(i), right.get(j)) {
                (Some(a), Some(b)) => a.cmp(b),
                (Some(_), None) => Ordering::Less,
                _ => Ordering::Greater,
            };
            let (actor, mut value) =
                if order.is_gt() { (&right[j], other.values[j]) } else { (&left[i], self.values[i]) };
            if order.is_eq() {
                join(&mut value, &other.values[j]);
            }
            actors.push(actor.clone());
            values.push(value);
            i += usize::from(order.is_le());
            j += usize::from(order.is_ge());
        }
        self.actors =
            Some(if actors.spilled() { actors.into_vec().into() } else { actors.as_slice().into() });
        self.values = values;
    }

    /// Calls `pair` with both values of every actor that either map has.
    pub fn pairwise<'a, W>(
        &'a self,
        other: &'a ActorMap<A, W>,
        mut pair: impl FnMut(Option<&'a V>, Option<&'a W>),
    ) {
        let (mut i, mut j) = (0, 0);
        let (mine, theirs) = (self.actors(), other.actors());
        while i < mine.len() || j < theirs.len() {
            let order = match (mine.get(i), theirs.get(j)) {
                (Some(a), Some(b)) => a.cmp(b),
                (Some(_), None) => Ordering::Less,
                _ => Ordering::Greater,
            };
            let left = order.is_le().then(|| &self.values[i]);
            let right = order.is_ge().then(|| &other.values[j]);
            i += usize::from(order.is_le());
            j += usize::from(order.is_ge());
            pair(left, right);
        }
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

impl<V: Default> ActorMap<AgentId, V> {
    /// The value of the agent of this name, a new one if there is none. Names are checked where they are read.
    pub fn of_agent(&mut self, agent: &str) -> &mut V {
        self.entry_with(agent, || AgentId::of_key(agent))
    }
}

impl<A: Ord + Clone, V> FromIterator<(A, V)> for ActorMap<A, V> {
    /// Of several values of one actor the last stays.
    fn from_iter<I: IntoIterator<Item = (A, V)>>(entries: I) -> Self {
        let mut entries: Vec<(A, V)> = entries.into_iter().collect();
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            entries.reverse();
            entries.dedup_by(|a, b| a.0 == b.0);
            entries.reverse();
        }
        let (actors, values): (Vec<A>, Vec<V>) = entries.into_iter().unzip();
        ActorMap { actors: (!actors.is_empty()).then(|| actors.into()), values }
    }
}

impl<A, V> Default for ActorMap<A, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: PartialEq, V: PartialEq> PartialEq for ActorMap<A, V> {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values && self.actors() == other.actors()
    }
}

impl<A: Eq, V: Eq> Eq for ActorMap<A, V> {}

impl<A: Hash, V: Hash> Hash for ActorMap<A, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.actors().hash(state);
        self.values.hash(state);
    }
}

impl<A: fmt::Debug, V: fmt::Debug> fmt::Debug for ActorMap<A, V> {
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
