//! A history that has parted from that of other sites, because an agent's numbers were given a second time, as they are by a
//! site that was restored from a backup. What was stored under the second ones comes back under the dots of agents of its
//! own: the same operations, made after the same ones, so that nothing of them is lost and both histories fit together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ramanujan_core::id::MAX_ID_LEN;
use ramanujan_core::{AgentId, Digest, Dot};
use ramanujan_crdt::edit::{Action, Anchor, Edit, ItemId, Step};
use ramanujan_crdt::{Delta, Op};

/// Hexadecimal digits of a hash that an agent's name ends in.
const DIGITS: usize = 16;

/// The agent under which the deltas of another come back of which the first has this hash: it commits to all that was
/// before, so that every site that has to makes the same deltas of them. Sorts where the other one does, as a rule.
fn again(agent: &AgentId, first: &Digest) -> Option<AgentId> {
    let digits: String = first.to_string().chars().take(DIGITS).collect();
    let kept = agent.as_str().get(..MAX_ID_LEN - DIGITS - 1).unwrap_or(agent.as_str());
    format!("{kept}.{digits}").parse().ok()
}

/// The deltas that were made after some, and those, with the dots under which they come back.
#[derive(Debug, Default)]
pub(crate) struct Fork {
    roots: BTreeSet<Dot>,
    dots: HashMap<Dot, Dot>,
    agents: BTreeMap<AgentId, (AgentId, u64)>,
}

impl Fork {
    /// That begins with these.
    pub(crate) fn at(roots: BTreeSet<Dot>) -> Self {
        Fork { roots, ..Fork::default() }
    }

    /// With dots that were chosen before.
    pub(crate) fn of(dots: HashMap<Dot, Dot>) -> Self {
        Fork { dots, ..Fork::default() }
    }

    /// Looks at the next delta, in a causal order: the dot under which it comes back, if it is one of them.
    pub(crate) fn take(&mut self, dot: &Dot, parents: &[Dot], hash: &Digest) -> Option<Dot> {
        if !self.roots.contains(dot) && !parents.iter().any(|parent| self.dots.contains_key(parent)) {
            return None;
        }
        let (agent, seq) = match self.agents.get_mut(&dot.agent) {
            Some(known) => known,
            None => {
                let first = again(&dot.agent, hash)?;
                self.agents.entry(dot.agent.clone()).or_insert((first, 0))
            }
        };
        *seq += 1;
        let new = Dot::new(agent.clone(), *seq);
        self.dots.insert(dot.clone(), new.clone());
        Some(new)
    }

    fn dot(&self, dot: &Dot) -> Dot {
        self.dots.get(dot).unwrap_or(dot).clone()
    }

    /// The delta as it comes back.
    pub(crate) fn renamed(&self, delta: Delta) -> Delta {
        let Delta { dot, parents, op } = delta;
        let mut parents: Vec<Dot> = parents.iter().map(|parent| self.dot(parent)).collect();
        parents.sort_unstable();
        let op = match op {
            Op::Edit(edit) => Op::Edit(self.edit(edit)),
            other => other,
        };
        Delta { dot: self.dot(&dot), parents, op }
    }

    fn item(&self, item: &mut ItemId) {
        item.dot = self.dot(&item.dot);
    }

    fn edit(&self, Edit { mut path, mut action }: Edit) -> Edit {
        for step in &mut path {
            if let Step::Item { item } = step {
                self.item(item);
            }
        }
        match &mut action {
            Action::InsertItem { anchor: Anchor { parent, .. }, .. }
            | Action::InsertText { anchor: Anchor { parent, .. }, .. } => {
                parent.iter_mut().for_each(|parent| self.item(parent));
            }
            Action::DeleteText { ranges } => {
                ranges.iter_mut().for_each(|range| self.item(&mut range.first));
            }
            Action::Set { .. } | Action::Delete {} | Action::Increment { .. } | Action::Decrement { .. } => {}
        }
        Edit { path, action }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;
    use ramanujan_crdt::Json;
    use ramanujan_crdt::state::hash_of;

    use super::*;

    /// Deltas of three agents, each made on some of those before it.
    fn history() -> impl Strategy<Value = Vec<(Delta, Digest)>> {
        prop::collection::vec((0usize..3, prop::collection::vec(any::<Index>(), 0..3)), 1..14).prop_map(
            |steps| {
                let mut history: Vec<(Delta, Digest)> = Vec::new();
                for (agent, parents) in steps {
                    let agent: AgentId = ["a", "b", "c"][agent].parse().unwrap();
                    let own = history.iter().filter(|(delta, _)| delta.dot.agent == agent).count() as u64;
                    let mut places: BTreeSet<usize> = BTreeSet::new();
                    places.extend(history.iter().rposition(|(delta, _)| delta.dot.agent == agent));
                    if !history.is_empty() {
                        places.extend(parents.iter().map(|parent| parent.index(history.len())));
                    }
                    let mut parents: Vec<(Dot, Digest)> =
                        places.iter().map(|at| (history[*at].0.dot.clone(), history[*at].1)).collect();
                    parents.sort();
                    let op = Op::Increment { amount: history.len() as u64 };
                    let hashes: Vec<Digest> = parents.iter().map(|(_, hash)| *hash).collect();
                    let parents = parents.into_iter().map(|(dot, _)| dot).collect();
                    let delta = Delta { dot: Dot::new(agent, own + 1), parents, op };
                    let hash = hash_of(&delta.digest(), &hashes);
                    history.push((delta, hash));
                }
                history
            },
        )
    }

    fn is_after(history: &[(Delta, Digest)], later: &Dot, earlier: &Dot) -> bool {
        later == earlier
            || history.iter().find(|(delta, _)| delta.dot == *later).is_some_and(|(delta, _)| {
                delta.parents.iter().any(|parent| is_after(history, parent, earlier))
            })
    }

    proptest! {
        /// What comes back is what was made after the roots, each under a dot of its own, numbered from 1 without gaps, and
        /// made after the same ones.
        #[test]
        fn what_follows_comes_back_in_the_same_order(history in history(), root: Index) {
            let root = history[root.index(history.len())].0.dot.clone();
            let mut fork = Fork::at(BTreeSet::from([root.clone()]));
            let mut back: Vec<Delta> = Vec::new();
            for (delta, hash) in &history {
                let taken = fork.take(&delta.dot, &delta.parents, hash);
                prop_assert_eq!(taken.is_some(), is_after(&history, &delta.dot, &root), "{}", &delta.dot);
                if taken.is_some() {
                    let new = fork.renamed(delta.clone());
                    prop_assert_eq!(Some(&new.dot), taken.as_ref());
                    prop_assert_eq!((&new.op, new.parents.len()), (&delta.op, delta.parents.len()));
                    prop_assert_eq!(Delta::from_canonical(&new.canonical_bytes()).unwrap(), new.clone());
                    let own = back.iter().filter(|known| known.dot.agent == new.dot.agent).count() as u64;
                    prop_assert_eq!(new.dot.seq, own + 1);
                    for parent in &new.parents {
                        let is_back = back.iter().any(|known| known.dot == *parent);
                        let stays = history.iter().any(|(known, _)| known.dot == *parent)
                            && !is_after(&history, parent, &root);
                        prop_assert!(is_back || stays, "{}", parent);
                    }
                    back.push(new);
                }
            }
        }
    }

    #[test]
    fn places_in_a_document_are_renamed_and_long_names_cut() {
        let hash = Digest::of(b"first");
        let long: AgentId = "a".repeat(MAX_ID_LEN).parse().unwrap();
        let name = again(&long, &hash).unwrap();
        assert_eq!(name.as_str().len(), MAX_ID_LEN);
        let dot: Dot = "ann:3".parse().unwrap();
        let mut fork = Fork::at(BTreeSet::from([dot.clone()]));
        let new = fork.take(&dot, &[], &hash).unwrap();
        assert_eq!(new.to_string(), format!("ann.{}:1", &hash.to_string()[..DIGITS]));
        let anchor = |dot: &Dot| Anchor {
            parent: Some(ItemId { dot: dot.clone(), offset: 2 }),
            side: ramanujan_crdt::edit::Side::Right,
        };
        let edit = |dot: &Dot| Edit {
            path: vec![Step::Item { item: ItemId { dot: dot.clone(), offset: 0 } }],
            action: Action::InsertItem { anchor: anchor(dot), value: Json::Int(1) },
        };
        let delta = Delta { dot: dot.clone(), parents: Vec::new(), op: Op::Edit(edit(&dot)) };
        assert_eq!(fork.renamed(delta).op, Op::Edit(edit(&new)));
    }
}
