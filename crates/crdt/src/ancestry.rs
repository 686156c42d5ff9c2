//! What a delta was made after, found by walking back from the newest deltas instead of reading whole versions.
//!
//! A version is named by its heads, the deltas that no other of it was made after. What a delta lacks of the version it
//! comes to is what lies between the heads of the two, so finding it costs as much as there is concurrency, however many
//! agents have ever written. The walk takes the newest delta first, as git does between two sets of commits.

use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};

use ramanujan_core::{AgentId, Dot};

/// The walk leads to deltas before those at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the fork of the parents lies before the deltas at hand")]
pub struct NeedsHistory;

/// Deltas with their parents in a causal order: a whole history, or its end.
#[derive(Clone, Debug, Default)]
pub struct Ancestry {
    places: HashMap<Dot, usize>,
    deltas: Vec<(Dot, Vec<Dot>)>,
}

/// From which side a delta was come to.
#[derive(Clone, Copy, Default)]
struct Reached {
    from_heads: bool,
    from_parents: bool,
}

impl Ancestry {
    /// A history of no deltas.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of deltas at hand.
    pub fn len(&self) -> usize {
        self.deltas.len()
    }

    /// Whether no delta is at hand.
    pub fn is_empty(&self) -> bool {
        self.deltas.is_empty()
    }

    /// Takes in the next delta; its parents have come before it, or lie before the deltas at hand.
    pub fn push(&mut self, dot: &Dot, parents: &[Dot]) {
        self.places.insert(dot.clone(), self.deltas.len());
        self.deltas.push((dot.clone(), parents.to_vec()));
    }

    /// What the version of the heads `parents` lacks of that of `heads`, which includes it: the agents concerned, each
    /// with how many of its operations the former has.
    ///
    /// # Errors
    /// [`NeedsHistory`] if that cannot be told from the deltas at hand.
    pub fn lacking(&self, heads: &[Dot], parents: &[Dot]) -> Result<Vec<(AgentId, u64)>, NeedsHistory> {
        let named: HashSet<&Dot> = parents.iter().collect();
        let ahead: Vec<&Dot> = heads.iter().filter(|head| !named.contains(*head)).collect();
        if ahead.is_empty() {
            return Ok(Vec::new());
        }
        let mut walk = Walk {
            ancestry: self,
            open: 0,
            reached: HashMap::new(),
            next: BinaryHeap::new(),
            before: HashMap::new(),
        };
        for parent in parents {
            walk.reach(parent, Reached { from_parents: true, from_heads: false });
        }
        for head in ahead {
            walk.reach(head, Reached { from_heads: true, from_parents: false });
        }
        let mut fewer: BTreeMap<&AgentId, u64> = BTreeMap::new();
        while walk.open > 0
            && let Some(place) = walk.next.pop()
        {
            let (dot, parents) = &self.deltas[place];
            let reached = walk.take(place);
            if !reached.from_parents {
                let held = fewer.entry(&dot.agent).or_insert(dot.seq);
                *held = dot.seq.min(*held);
            }
            for parent in parents {
                walk.reach(parent, reached);
            }
        }
        if walk.open > 0 {
            return Err(NeedsHistory);
        }
        Ok(fewer.into_iter().map(|(agent, first)| (agent.clone(), first - 1)).collect())
    }
}

struct Walk<'a> {
    ancestry: &'a Ancestry,
    /// How many deltas were come to from the heads only and are not taken, or not at hand.
    open: usize,
    reached: HashMap<usize, Reached>,
    /// Places still to take, the newest first.
    next: BinaryHeap<usize>,
    /// Deltas that are not at hand.
    before: HashMap<&'a Dot, Reached>,
}

impl<'a> Walk<'a> {
    fn reach(&mut self, dot: &'a Dot, from: Reached) {
        let known = match self.ancestry.places.get(dot) {
            Some(place) => {
                if !self.reached.contains_key(place) {
                    self.next.push(*place);
                }
                self.reached.entry(*place).or_default()
            }
            None => self.before.entry(dot).or_default(),
        };
        let was_open = known.from_heads && !known.from_parents;
        known.from_heads |= from.from_heads;
        known.from_parents |= from.from_parents;
        let is_open = known.from_heads && !known.from_parents;
        self.open = self.open + usize::from(is_open) - usize::from(was_open);
    }

    fn take(&mut self, place: usize) -> Reached {
        let reached = self.reached.get(&place).copied().unwrap_or_default();
        self.open -= usize::from(reached.from_heads && !reached.from_parents);
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::maximal;
    use proptest::prelude::*;
    use ramanujan_core::VectorClock;

    /// A delta with the version after it.
    type Known = (Dot, Vec<Dot>, VectorClock);

    fn heads(history: &[Known], version: &VectorClock) -> Vec<Dot> {
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

    proptest! {
        /// The definition, by whole versions; and from the end of a history the same or that it does not suffice.
        #[test]
        fn what_a_delta_lacks_is_what_its_version_lacks(
            steps in prop::collection::vec((0usize..4, prop::option::of(0usize..4)), 1..40),
            cut in any::<prop::sample::Index>(),
        ) {
            let history = history(&steps);
            let cut = cut.index(history.len());
            let (mut whole, mut end) = (Ancestry::new(), Ancestry::new());
            let (mut version, mut before) = (VectorClock::new(), Vec::new());
            for (place, (dot, parents, after)) in history.iter().enumerate() {
                let fewer = |(agent, held): (&AgentId, &u64)| {
                    let seen = if *agent == dot.agent { dot.seq - 1 } else { after.counter(agent) };
                    (seen < *held).then(|| (agent.clone(), seen))
                };
                let expected: Vec<_> = version.entries().iter().filter_map(fewer).collect();
                prop_assert_eq!(whole.lacking(&before, parents), Ok(expected.clone()));
                if let Ok(found) = end.lacking(&before, parents) {
                    prop_assert_eq!(found, expected);
                }
                whole.push(dot, parents);
                if place >= cut {
                    end.push(dot, parents);
                }
                version.raise(&dot.agent, dot.seq);
                before = heads(&history[..=place], &version);
            }
        }
    }

    #[test]
    fn a_fork_before_the_history_at_hand_is_not_guessed() {
        let dot = |text: &str| text.parse::<Dot>().unwrap();
        let mut end = Ancestry::new();
        end.push(&dot("a:2"), &[dot("a:1")]);
        assert_eq!(end.lacking(&[dot("a:2")], &[dot("a:1")]), Ok(vec![("a".parse().unwrap(), 1)]));
        assert_eq!(end.lacking(&[dot("a:2")], &[dot("b:1")]), Err(NeedsHistory));
        assert_eq!(end.lacking(&[dot("a:2"), dot("b:1")], &[dot("a:2"), dot("b:1")]), Ok(Vec::new()));
    }
}
