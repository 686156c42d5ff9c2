//! What deltas were made after, found by walking back through the graph of parents instead of reading whole versions.
//!
//! A version is named by its heads, the deltas that no other of it was made after. What one lacks of another lies between
//! the heads of the two, so finding it costs as much as there is concurrency, however many agents have ever written. The
//! walk takes the newest delta first, as git does between two sets of commits. It may end at any delta that was made after
//! all that came before it: such deltas are marked *whole*, and as a rule most are.

use std::collections::{BTreeMap, BinaryHeap, HashSet};

use foldhash::{HashMap, HashMapExt as _};
use ramanujan_core::{AgentId, Dot, VectorClock};

/// The walk leads to deltas before those at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is asked for lies before the deltas at hand")]
pub struct NeedsHistory;

/// Deltas with their parents in a causal order: a whole history, or its end.
#[derive(Clone, Debug, Default)]
pub struct Ancestry {
    places: HashMap<Dot, usize>,
    deltas: Vec<Node>,
    /// Whether the first delta at hand is the first of all.
    complete: bool,
}

#[derive(Clone, Debug)]
struct Node {
    dot: Dot,
    parents: Vec<Dot>,
    whole: bool,
}

/// From which side a delta was come to.
#[derive(Clone, Copy, Default)]
struct Reached {
    from_heads: bool,
    from_parents: bool,
}

impl Ancestry {
    /// The end of a history: nothing is known of what came before the first delta that is pushed.
    pub fn new() -> Self {
        Self::default()
    }

    /// A history from its first delta on.
    pub fn from_the_first() -> Self {
        Ancestry { complete: true, ..Self::default() }
    }

    /// Whether a delta is at hand.
    pub fn contains(&self, dot: &Dot) -> bool {
        self.places.contains_key(dot)
    }

    /// Takes in the next delta; its parents have come before it, or lie before the deltas at hand. `whole`: it is known to
    /// have been made after every delta before it. One that is at hand already is passed over.
    pub fn push(&mut self, dot: &Dot, parents: &[Dot], whole: bool) {
        if !self.contains(dot) {
            self.places.insert(dot.clone(), self.deltas.len());
            self.deltas.push(Node { dot: dot.clone(), parents: parents.to_vec(), whole });
        }
    }

    /// What the version of `parents` lacks of that of `heads`, which includes it: the agents concerned, each with how many
    /// of its operations the former has.
    ///
    /// # Errors
    /// [`NeedsHistory`] if that cannot be told from the deltas at hand.
    pub fn lacking(&self, heads: &[Dot], parents: &[Dot]) -> Result<BTreeMap<AgentId, u64>, NeedsHistory> {
        let named: HashSet<&Dot> = parents.iter().collect();
        let mut walk = Walk { ancestry: self, open: 0, reached: HashMap::new(), next: BinaryHeap::new() };
        let mut before = Before::default();
        for parent in parents {
            walk.reach(parent, Reached { from_parents: true, from_heads: false }, &mut before);
        }
        for head in heads.iter().filter(|head| !named.contains(head)) {
            walk.reach(head, Reached { from_heads: true, from_parents: false }, &mut before);
        }
        let mut fewer: BTreeMap<&AgentId, u64> = BTreeMap::new();
        while walk.open + before.open > 0 {
            let Some(place) = walk.next.pop() else { return Err(NeedsHistory) };
            let node = &self.deltas[place];
            let reached = walk.take(place);
            if !reached.from_parents {
                let held = fewer.entry(&node.dot.agent).or_insert(node.dot.seq);
                *held = node.dot.seq.min(*held);
            } else if node.whole {
                // All that is left lies before it.
                break;
            }
            for parent in &node.parents {
                walk.reach(parent, reached, &mut before);
            }
        }
        Ok(fewer.into_iter().map(|(agent, first)| (agent.clone(), first - 1)).collect())
    }

    /// Whether the version of `parents` holds `dot`.
    ///
    /// # Errors
    /// [`NeedsHistory`] if that cannot be told from the deltas at hand.
    pub fn holds(&self, parents: &[Dot], dot: &Dot) -> Result<bool, NeedsHistory> {
        if parents.contains(dot) {
            return Ok(true);
        }
        let covered = self.covered(parents, std::slice::from_ref(dot))?;
        Ok(covered[0])
    }

    /// Those of `dots` that no other of them was made after, in order and each once.
    ///
    /// # Errors
    /// [`NeedsHistory`] if that cannot be told from the deltas at hand.
    pub fn maximal(&self, mut dots: Vec<Dot>) -> Result<Vec<Dot>, NeedsHistory> {
        dots.sort_unstable();
        dots.dedup();
        if dots.len() > 1 {
            let mut covered = self.covered(&dots, &dots)?.into_iter();
            dots.retain(|_| !covered.next().unwrap_or(false));
        }
        Ok(dots)
    }

    /// Which of `wanted` lie in the past of one of `tops`.
    fn covered(&self, tops: &[Dot], wanted: &[Dot]) -> Result<Vec<bool>, NeedsHistory> {
        let places: Vec<Option<usize>> = wanted.iter().map(|dot| self.places.get(dot).copied()).collect();
        let mut covered = vec![false; wanted.len()];
        // Nothing before the oldest that is wanted has it in its past.
        let floor = places.iter().copied().min().flatten();
        let mut next: BinaryHeap<usize> =
            tops.iter().filter_map(|top| self.places.get(top).copied()).collect();
        let mut seen: HashSet<usize> = next.iter().copied().collect();
        let mut reached: HashSet<usize> = HashSet::new();
        let mut all_before = None;
        let mut leads_before = tops.iter().any(|top| !self.contains(top));
        while let Some(place) = next.pop() {
            if floor.is_some_and(|floor| place <= floor) {
                break;
            }
            let node = &self.deltas[place];
            if node.whole {
                all_before = Some(place);
                break;
            }
            for parent in &node.parents {
                let Some(parent) = self.places.get(parent) else {
                    leads_before = true;
                    continue;
                };
                reached.insert(*parent);
                if seen.insert(*parent) {
                    next.push(*parent);
                }
            }
        }
        for (place, covered) in places.into_iter().zip(&mut covered) {
            *covered = match (place, all_before) {
                (None, Some(_)) => true,
                (None, None) if leads_before && !self.complete => return Err(NeedsHistory),
                (None, None) => false,
                (Some(place), Some(whole)) if place < whole => true,
                (Some(place), _) => reached.contains(&place),
            };
        }
        Ok(covered)
    }
}

/// Deltas that were come to and are not at hand.
#[derive(Default)]
struct Before {
    /// How many were come to from the heads only.
    open: usize,
    reached: HashMap<Dot, Reached>,
}

struct Walk<'a> {
    ancestry: &'a Ancestry,
    /// How many deltas at hand were come to from the heads only and are not taken.
    open: usize,
    reached: HashMap<usize, Reached>,
    /// Places still to take, the newest first.
    next: BinaryHeap<usize>,
}

impl Walk<'_> {
    fn reach(&mut self, dot: &Dot, from: Reached, before: &mut Before) {
        let (known, open) = match self.ancestry.places.get(dot) {
            Some(place) => {
                if !self.reached.contains_key(place) {
                    self.next.push(*place);
                }
                (self.reached.entry(*place).or_default(), &mut self.open)
            }
            None => (before.reached.entry(dot.clone()).or_default(), &mut before.open),
        };
        let was_open = known.from_heads && !known.from_parents;
        known.from_heads |= from.from_heads;
        known.from_parents |= from.from_parents;
        let is_open = known.from_heads && !known.from_parents;
        *open = *open + usize::from(is_open) - usize::from(was_open);
    }

    fn take(&mut self, place: usize) -> Reached {
        let reached = self.reached.get(&place).copied().unwrap_or_default();
        self.open -= usize::from(reached.from_heads && !reached.from_parents);
        reached
    }
}

/// A version, less what [`Ancestry::lacking`] says that it is to lack.
pub fn without(version: &VectorClock, lacking: &BTreeMap<AgentId, u64>) -> VectorClock {
    let entries = version.entries().iter();
    let held = entries.map(|(agent, seq)| (agent.as_str(), lacking.get(agent).copied().unwrap_or(*seq)));
    held.filter(|(_, seq)| *seq > 0).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::text::maximal;
    use proptest::prelude::*;

    /// A delta with the version after it.
    pub(crate) type Known = (Dot, Vec<Dot>, VectorClock);

    pub(crate) fn heads(history: &[Known], version: &VectorClock) -> Vec<Dot> {
        let held = history.iter().filter(|(dot, ..)| version.counter(&dot.agent) >= dot.seq);
        maximal(held.map(|(dot, _, clock)| (dot.clone(), clock)).collect())
    }

    /// Replicas that write, and hear of each other's newest now and then.
    fn history(steps: &[(usize, Option<usize>)]) -> Vec<Known> {
        let agents: Vec<AgentId> = ["a", "b", "c", "d"].map(|name| name.parse().unwrap()).to_vec();
        let mut versions = vec![VectorClock::new(); agents.len()];
        let mut history: Vec<Known> = Vec::new();
        for (writer, heard) in steps {
            if let Some(other) = heard {
                let news = versions[*other].clone();
                versions[*writer].join(&news);
            }
            let parents = heads(&history, &versions[*writer]);
            let dot = Dot::new(agents[*writer].clone(), versions[*writer].counter(&agents[*writer]) + 1);
            versions[*writer].raise(&dot.agent, dot.seq);
            history.push((dot, parents, versions[*writer].clone()));
        }
        history
    }

    pub(crate) fn any_history() -> impl Strategy<Value = Vec<Known>> {
        prop::collection::vec((0usize..4, prop::option::of(0usize..4)), 1..40)
            .prop_map(|steps| history(&steps))
    }

    /// The history from `cut` on, and whether every answer from it must be given.
    fn end_of(history: &[Known], cut: usize, mark: bool) -> Ancestry {
        let mut end = if cut == 0 { Ancestry::from_the_first() } else { Ancestry::new() };
        let mut before: Vec<Dot> = Vec::new();
        let mut version = VectorClock::new();
        for (place, (dot, parents, _)) in history.iter().enumerate() {
            if place >= cut {
                end.push(dot, parents, mark && *parents == before);
            }
            version.raise(&dot.agent, dot.seq);
            before = heads(&history[..=place], &version);
        }
        end
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// The definition, by whole versions; and from the end of a history the same or that it does not suffice.
        #[test]
        fn what_a_delta_lacks_is_what_its_version_lacks(
            history in any_history(),
            cut in any::<prop::sample::Index>(),
            mark in any::<bool>(),
        ) {
            let (whole, end) = (end_of(&history, 0, mark), end_of(&history, cut.index(history.len()), mark));
            let (mut version, mut before) = (VectorClock::new(), Vec::new());
            for (place, (dot, parents, after)) in history.iter().enumerate() {
                let past = |agent: &AgentId| if *agent == dot.agent { dot.seq - 1 } else { after.counter(agent) };
                let fewer = |(agent, held): (&AgentId, &u64)| {
                    let seen = past(agent);
                    (seen < *held).then(|| (agent.clone(), seen))
                };
                let expected: BTreeMap<_, _> = version.entries().iter().filter_map(fewer).collect();
                prop_assert_eq!(whole.lacking(&before, parents), Ok(expected.clone()));
                if let Ok(found) = end.lacking(&before, parents) {
                    prop_assert_eq!(&found, &expected);
                }
                let seen: VectorClock =
                    version.iter().map(|(agent, _)| (agent, past(&agent.parse().unwrap()))).filter(|(_, seq)| *seq > 0).collect();
                prop_assert_eq!(without(&version, &expected), seen);
                version.raise(&dot.agent, dot.seq);
                before = heads(&history[..=place], &version);
            }
        }

        #[test]
        fn what_a_version_holds_and_which_deltas_are_its_newest(
            history in any_history(),
            cut in any::<prop::sample::Index>(),
            mark in any::<bool>(),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
            asked in any::<prop::sample::Index>(),
        ) {
            let (whole, end) = (end_of(&history, 0, mark), end_of(&history, cut.index(history.len()), mark));
            let picked: Vec<&Known> = picks.iter().map(|pick| pick.get(&history)).collect();
            let dots: Vec<Dot> = picked.iter().map(|(dot, ..)| dot.clone()).collect();
            let asked = &asked.get(&history).0;
            let expected = picked.iter().any(|(.., clock)| clock.counter(&asked.agent) >= asked.seq);
            prop_assert_eq!(whole.holds(&dots, asked), Ok(expected));
            if let Ok(found) = end.holds(&dots, asked) {
                prop_assert_eq!(found, expected);
            }
            let expected = maximal(picked.iter().map(|(dot, _, clock)| (dot.clone(), clock)).collect());
            prop_assert_eq!(whole.maximal(dots.clone()), Ok(expected.clone()));
            if let Ok(found) = end.maximal(dots) {
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn a_fork_before_the_history_at_hand_is_not_guessed() {
        let dot = |text: &str| text.parse::<Dot>().unwrap();
        let mut end = Ancestry::new();
        end.push(&dot("a:2"), &[dot("a:1")], false);
        let lacks = |seq| BTreeMap::from([("a".parse().unwrap(), seq)]);
        assert_eq!(end.lacking(&[dot("a:2")], &[dot("a:1")]), Ok(lacks(1)));
        assert_eq!(end.lacking(&[dot("a:2")], &[dot("b:1")]), Err(NeedsHistory));
        assert_eq!(end.lacking(&[dot("a:2"), dot("b:1")], &[dot("a:2"), dot("b:1")]), Ok(BTreeMap::new()));
        assert_eq!(end.holds(&[dot("a:2")], &dot("b:1")), Err(NeedsHistory));
        // It was made after everything, whatever that was.
        let mut end = Ancestry::new();
        end.push(&dot("a:2"), &[dot("a:1")], true);
        end.push(&dot("a:3"), &[dot("a:2")], false);
        assert_eq!(end.holds(&[dot("a:3")], &dot("b:1")), Ok(true));
        end.push(&dot("b:2"), &[dot("b:1")], false);
        assert_eq!(
            end.lacking(&[dot("a:3"), dot("b:2")], &[dot("a:3")]),
            Ok(BTreeMap::from([("b".parse().unwrap(), 1)]))
        );
    }
}
