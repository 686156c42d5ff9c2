//! What is checked before deltas are stored: that their hashes follow from the history that the receiver holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ramanujan_core::{Digest, Dot};
use ramanujan_crdt::Delta;
use ramanujan_crdt::state::hash_of;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checking {
    /// Deltas to store, in a causal order, with their hashes.
    pub good: Vec<(Delta, Digest)>,
    /// Deltas whose claimed hash is not the computed one: the first of each branch.
    pub mismatched: Vec<(Delta, Digest)>,
    /// Deltas under whose dots others are stored.
    pub contradicting: Vec<Delta>,
    /// Parents that are neither among them nor stored.
    pub missing: BTreeSet<Dot>,
    /// Deltas that no claim covers, that are there twice, or that come after themselves: no honest site sends them.
    pub unclaimed: usize,
    /// Whether each stood after its parents as they were given.
    pub causal: bool,
}

impl Checking {
    /// Whether all was stored before, or is good.
    pub fn is_clean(&self) -> bool {
        self.mismatched.is_empty()
            && self.contradicting.is_empty()
            && self.missing.is_empty()
            && self.unclaimed == 0
    }
}

/// The dots whose hashes the check needs: of the deltas, and of parents that are not among them.
pub fn needed(deltas: &[Delta]) -> Vec<Dot> {
    let mut dots: Vec<&Dot> =
        deltas.iter().flat_map(|delta| delta.parents.iter().chain([&delta.dot])).collect();
    // They are nearly in order, which a stable sort makes use of.
    dots.sort();
    dots.dedup();
    dots.into_iter().cloned().collect()
}

/// Checks deltas, in any order, by what is claimed of them. `stored` has the hashes of those dots of [`needed`] that the
/// receiver holds.
///
/// A delta is good if it lies in the past of one whose computed hash is the claimed one, because that hash commits to all
/// of its past. Deltas that are stored already count for this and are left out.
pub fn check(deltas: Vec<Delta>, claims: &BTreeMap<Dot, Digest>, stored: &BTreeMap<Dot, Digest>) -> Checking {
    let mut found = Checking { causal: true, ..Checking::default() };
    let order = causal_order(&deltas);
    found.unclaimed = deltas.len() - order.len();
    let places: HashMap<&Dot, usize> =
        order.iter().enumerate().map(|(nth, at)| (&deltas[*at].dot, nth)).collect();
    // By place in the order: the computed hash, none where a parent is missing, and whether the claim is met.
    let mut hashes: Vec<Option<Digest>> = Vec::with_capacity(order.len());
    let mut contradicts = vec![false; order.len()];
    for (nth, at) in order.iter().enumerate() {
        let delta = &deltas[*at];
        let parent = |dot: &Dot| match places.get(dot) {
            Some(place) if *place < nth => hashes[*place],
            _ => stored.get(dot).copied(),
        };
        for dot in delta.parents.iter().filter(|dot| !places.contains_key(dot) && !stored.contains_key(dot)) {
            found.missing.insert(dot.clone());
        }
        let places_of_parents = delta.parents.iter().filter_map(|parent| places.get(parent));
        found.causal &= places_of_parents.into_iter().all(|place| order[*place] < *at);
        let of_parents: Option<Vec<Digest>> = delta.parents.iter().map(parent).collect();
        let hash = of_parents.map(|parents| hash_of(&delta.digest(), &parents));
        if let (Some(known), Some(hash)) = (stored.get(&delta.dot), hash)
            && *known != hash
        {
            contradicts[nth] = true;
        }
        hashes.push(if contradicts[nth] { None } else { hash });
    }
    let mut covered = vec![false; order.len()];
    let mut claimed = vec![false; order.len()];
    let mut bad = vec![false; order.len()];
    for nth in (0..order.len()).rev() {
        let delta = &deltas[order[nth]];
        if let Some(claim) = claims.get(&delta.dot) {
            claimed[nth] = true;
            covered[nth] |= hashes[nth] == Some(*claim);
            bad[nth] = hashes[nth].is_some_and(|hash| hash != *claim);
        }
        for place in
            delta.parents.iter().filter_map(|parent| places.get(parent)).filter(|place| **place < nth)
        {
            covered[*place] |= covered[nth];
            claimed[*place] |= claimed[nth];
        }
    }
    // The first of each branch: what comes after a delta that is bad is bad because of it.
    let mut follows = vec![false; order.len()];
    for nth in 0..order.len() {
        let delta = &deltas[order[nth]];
        follows[nth] = delta
            .parents
            .iter()
            .filter_map(|parent| places.get(parent))
            .any(|place| *place < nth && (bad[*place] || follows[*place]));
        found.unclaimed += usize::from(!claimed[nth]);
    }
    let mut deltas: Vec<Option<Delta>> = deltas.into_iter().map(Some).collect();
    for (nth, at) in order.iter().enumerate() {
        let Some(delta) = deltas[*at].take() else { continue };
        match hashes[nth] {
            _ if contradicts[nth] => found.contradicting.push(delta),
            Some(_) if stored.contains_key(&delta.dot) && covered[nth] => {}
            Some(hash) if covered[nth] => found.good.push((delta, hash)),
            Some(_) if bad[nth] && !follows[nth] => {
                let claim = claims.get(&delta.dot).copied().unwrap_or(Digest([0; 32]));
                found.mismatched.push((delta, claim));
            }
            _ => {}
        }
    }
    found
}

/// Places of deltas, each after its parents that are among them; of those that are ready the first dot. Left out are deltas in
/// a circle, which only a liar makes, and repetitions of a dot.
fn causal_order(deltas: &[Delta]) -> Vec<usize> {
    let mut place: HashMap<&Dot, usize> = HashMap::with_capacity(deltas.len());
    for (at, delta) in deltas.iter().enumerate() {
        place.entry(&delta.dot).or_insert(at);
    }
    let mut waits: Vec<usize> = vec![0; deltas.len()];
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); deltas.len()];
    for at in place.values() {
        for parent in deltas[*at].parents.iter().filter_map(|parent| place.get(parent)) {
            waits[*at] += 1;
            children[*parent].push(*at);
        }
    }
    let mut ready: BTreeSet<(&Dot, usize)> =
        place.iter().filter(|(_, at)| waits[**at] == 0).map(|(dot, at)| (*dot, *at)).collect();
    let mut order = Vec::with_capacity(deltas.len());
    while let Some((_, at)) = ready.pop_first() {
        order.push(at);
        for child in std::mem::take(&mut children[at]) {
            waits[child] -= 1;
            if waits[child] == 0 {
                ready.insert((&deltas[child].dot, child));
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use ramanujan_core::AgentId;
    use ramanujan_crdt::Op;

    /// Deltas of three agents with their true hashes, each made on some of those before it.
    fn history() -> impl Strategy<Value = Vec<(Delta, Digest)>> {
        prop::collection::vec((0usize..3, prop::collection::vec(any::<Index>(), 0..3)), 1..12).prop_map(
            |steps| {
                let mut history: Vec<(Delta, Digest)> = Vec::new();
                for (agent, parents) in steps {
                    let agent: AgentId = ["a", "b", "c"][agent].parse().unwrap();
                    let own = history.iter().filter(|(delta, _)| delta.dot.agent == agent);
                    let dot = Dot::new(agent.clone(), own.clone().count() as u64 + 1);
                    let mut places: BTreeSet<usize> = BTreeSet::new();
                    places.extend(history.iter().rposition(|(delta, _)| delta.dot.agent == agent));
                    if !history.is_empty() {
                        places.extend(parents.iter().map(|parent| parent.index(history.len())));
                    }
                    let mut parents: Vec<(Dot, Digest)> =
                        places.iter().map(|at| (history[*at].0.dot.clone(), history[*at].1)).collect();
                    parents.sort();
                    let op = Op::Increment { amount: history.len() as u64 };
                    let delta =
                        Delta { dot, parents: parents.iter().map(|(dot, _)| dot.clone()).collect(), op };
                    let hash = hash_of(&delta.digest(), parents.iter().map(|(_, hash)| hash));
                    history.push((delta, hash));
                }
                history
            },
        )
    }

    fn claims_of(history: &[(Delta, Digest)], all: bool) -> BTreeMap<Dot, Digest> {
        let pack =
            crate::pack::Pack::of("d".parse().unwrap(), ramanujan_crdt::CrdtType::PnCounter, history, all);
        pack.claims.into_iter().collect()
    }

    fn is_after(history: &[(Delta, Digest)], later: &Dot, earlier: &Dot) -> bool {
        later == earlier
            || history.iter().find(|(delta, _)| delta.dot == *later).is_some_and(|(delta, _)| {
                delta.parents.iter().any(|parent| is_after(history, parent, earlier))
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        /// In any order, after any beginning that is stored, with claims for the last ones or for all.
        #[test]
        fn what_is_true_is_good(history in history(), split: Index, turn: Index, all: bool) {
            let (before, after) = history.split_at(split.index(history.len()));
            let stored = before.iter().map(|(delta, hash)| (delta.dot.clone(), *hash)).collect();
            let mut deltas: Vec<Delta> = after.iter().map(|(delta, _)| delta.clone()).collect();
            let turn = turn.index(deltas.len());
            deltas.rotate_left(turn);
            let found = check(deltas, &claims_of(after, all), &stored);
            prop_assert!(found.is_clean());
            let good: BTreeSet<&Dot> = found.good.iter().map(|(delta, _)| &delta.dot).collect();
            prop_assert_eq!(good, after.iter().map(|(delta, _)| &delta.dot).collect::<BTreeSet<_>>());
            prop_assert!(found.good.iter().all(|one| after.contains(one)));
            // Each after its parents.
            for (at, (delta, _)) in found.good.iter().enumerate() {
                prop_assert!(found.good[at..].iter().all(|(later, _)| !delta.parents.contains(&later.dot)));
            }
        }

        /// A delta that was changed is not stored, nor what was made after it; with claims for all, everything else is.
        #[test]
        fn what_follows_from_a_lie_is_not_good(history in history(), lie: Index, all: bool) {
            let lie = lie.index(history.len());
            let mut deltas: Vec<Delta> = history.iter().map(|(delta, _)| delta.clone()).collect();
            deltas[lie].op = Op::Increment { amount: 1000 };
            let lied = deltas[lie].dot.clone();
            let found = check(deltas, &claims_of(&history, all), &BTreeMap::new());
            prop_assert!(!found.is_clean());
            for (delta, _) in &found.good {
                prop_assert!(!is_after(&history, &delta.dot, &lied), "{}", delta.dot);
            }
            if all {
                let good: BTreeSet<&Dot> = found.good.iter().map(|(delta, _)| &delta.dot).collect();
                for (delta, _) in &history {
                    prop_assert_eq!(good.contains(&delta.dot), !is_after(&history, &delta.dot, &lied));
                }
                let first: Vec<&Dot> = found.mismatched.iter().map(|(delta, _)| &delta.dot).collect();
                prop_assert_eq!(first, vec![&lied]);
            }
        }

        /// What is stored under a dot stays, whatever is claimed.
        #[test]
        fn another_content_under_a_stored_dot_is_told(history in history(), lie: Index) {
            let lie = lie.index(history.len());
            let stored = history.iter().map(|(delta, hash)| (delta.dot.clone(), *hash)).collect();
            let mut deltas: Vec<Delta> = history.iter().map(|(delta, _)| delta.clone()).collect();
            deltas[lie].op = Op::Increment { amount: 1000 };
            let found = check(deltas.clone(), &claims_of(&history, true), &stored);
            prop_assert_eq!(&found.contradicting, &vec![deltas[lie].clone()]);
            prop_assert!(found.good.is_empty());
        }

        /// Without their parents, deltas wait for nothing: they are told to be incomplete.
        #[test]
        fn what_comes_before_its_parents_is_not_good(history in history(), split: Index) {
            let (before, after) = history.split_at(split.index(history.len()));
            let deltas: Vec<Delta> = after.iter().map(|(delta, _)| delta.clone()).collect();
            let found = check(deltas, &claims_of(after, true), &BTreeMap::new());
            let lacks = |dot: &Dot| before.iter().any(|(delta, _)| is_after(&history, dot, &delta.dot));
            for (delta, _) in after {
                let is_good = found.good.iter().any(|(good, _)| good.dot == delta.dot);
                prop_assert_eq!(is_good, !lacks(&delta.dot));
            }
            let named = after.iter().flat_map(|(delta, _)| &delta.parents);
            let missing: BTreeSet<Dot> =
                named.filter(|dot| before.iter().any(|(delta, _)| delta.dot == **dot)).cloned().collect();
            prop_assert_eq!(found.missing, missing);
        }
    }

    #[test]
    fn deltas_in_a_circle_and_without_a_claim_are_refused() {
        let delta = |dot: &str, parent: &str| Delta {
            dot: dot.parse().unwrap(),
            parents: vec![parent.parse().unwrap()],
            op: Op::Increment { amount: 1 },
        };
        let found = check(vec![delta("a:2", "b:2"), delta("b:2", "a:2")], &BTreeMap::new(), &BTreeMap::new());
        assert_eq!((found.good.len(), found.unclaimed), (0, 2));
    }
}
