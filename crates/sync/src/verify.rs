//! What is checked before deltas are stored: that their hashes follow from the history that the receiver holds.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashMapExt as _};
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
    let links = Links::of(&deltas);
    let (order, places) = causal_order(&deltas, &links);
    found.unclaimed = deltas.len() - order.len();
    let parents_of = |at: usize| links.of_delta(at).filter_map(|parent| places[parent?]);
    // By place in the order: the computed hash, none where a parent is missing, and whether the claim is met.
    let mut hashes: Vec<Option<Digest>> = Vec::with_capacity(order.len());
    let mut contradicts = vec![false; order.len()];
    let mut of_parents: Vec<Digest> = Vec::new();
    for (nth, at) in order.iter().enumerate() {
        let delta = &deltas[*at];
        let mut whole = true;
        of_parents.clear();
        for (dot, link) in delta.parents.iter().zip(links.of_delta(*at)) {
            let hash = match link.and_then(|parent| places[parent]) {
                Some(place) => {
                    found.causal &= order[place] < *at;
                    hashes[place]
                }
                None => {
                    let hash = stored.get(dot).copied();
                    if hash.is_none() {
                        found.missing.insert(dot.clone());
                    }
                    hash
                }
            };
            whole &= hash.is_some();
            of_parents.extend(hash);
        }
        let hash = whole.then(|| hash_of(&delta.digest(), &of_parents));
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
        if let Some(claim) = claims.get(&deltas[order[nth]].dot) {
            claimed[nth] = true;
            covered[nth] |= hashes[nth] == Some(*claim);
            bad[nth] = hashes[nth].is_some_and(|hash| hash != *claim);
        }
        for place in parents_of(order[nth]) {
            covered[place] |= covered[nth];
            claimed[place] |= claimed[nth];
        }
    }
    // The first of each branch: what comes after a delta that is bad is bad because of it.
    let mut follows = vec![false; order.len()];
    for nth in 0..order.len() {
        follows[nth] = parents_of(order[nth]).any(|place| bad[place] || follows[place]);
        found.unclaimed += usize::from(!claimed[nth]);
    }
    let mut deltas: Vec<Option<Delta>> = deltas.into_iter().map(Some).collect();
    found.good.reserve(order.len());
    for (nth, at) in order.iter().enumerate() {
        let Some(delta) = deltas[*at].take() else { continue };
        match hashes[nth] {
            _ if contradicts[nth] => found.contradicting.push(delta),
            Some(_) if covered[nth] && stored.contains_key(&delta.dot) => {}
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

/// Which deltas are parents of which, looked up once. Deltas and parents are numbers: places in the list as it was given.
struct Links {
    /// Parents of all deltas, one after the other; none where one is not among them.
    parents: Vec<Option<u32>>,
    /// Where those of each delta begin, and where the last end.
    starts: Vec<usize>,
    /// Deltas under whose dot another stands before them.
    repeated: Vec<usize>,
}

impl Links {
    fn of(deltas: &[Delta]) -> Self {
        // A pack has far fewer than 2^32 deltas (`MAX_PACK_DELTAS`).
        let mut place: HashMap<&Dot, u32> = HashMap::with_capacity(deltas.len());
        let mut repeated = Vec::new();
        for (at, delta) in deltas.iter().enumerate() {
            match place.entry(&delta.dot) {
                Entry::Occupied(_) => repeated.push(at),
                Entry::Vacant(entry) => {
                    entry.insert(at as u32);
                }
            }
        }
        let mut parents = Vec::with_capacity(deltas.len());
        let mut starts = Vec::with_capacity(deltas.len() + 1);
        for (at, delta) in deltas.iter().enumerate() {
            starts.push(parents.len());
            for parent in &delta.parents {
                // As a rule it is the one before. If that is a repetition, the first one counts.
                let before = at.checked_sub(1).filter(|before| deltas[*before].dot == *parent);
                parents.push(match before.filter(|_| repeated.is_empty()) {
                    Some(before) => Some(before as u32),
                    None => place.get(parent).copied(),
                });
            }
        }
        starts.push(parents.len());
        Links { parents, starts, repeated }
    }

    /// The parents of a delta.
    fn of_delta(&self, at: usize) -> impl Iterator<Item = Option<usize>> + '_ {
        let parents = &self.parents[self.starts[at]..self.starts[at + 1]];
        parents.iter().map(|parent| parent.map(|parent| parent as usize))
    }
}

/// Deltas by number, each after its parents that are among them: as they were given if they are so, else of those that are
/// ready the first dot. Left out are deltas in a circle, which only a liar makes, and repetitions of a dot. And the place of
/// each delta in this order.
fn causal_order(deltas: &[Delta], links: &Links) -> (Vec<usize>, Vec<Option<usize>>) {
    let is_after = |at: usize| links.of_delta(at).all(|parent| parent.is_none_or(|parent| parent < at));
    if links.repeated.is_empty() && (0..deltas.len()).all(is_after) {
        return ((0..deltas.len()).collect(), (0..deltas.len()).map(Some).collect());
    }
    let mut first = vec![true; deltas.len()];
    links.repeated.iter().for_each(|at| first[*at] = false);
    let mut waits: Vec<usize> = vec![0; deltas.len()];
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); deltas.len()];
    for at in (0..deltas.len()).filter(|at| first[*at]) {
        for parent in links.of_delta(at).flatten() {
            waits[at] += 1;
            children[parent].push(at);
        }
    }
    let is_ready = |at: &usize| first[*at] && waits[*at] == 0;
    let mut ready: BTreeSet<(&Dot, usize)> =
        (0..deltas.len()).filter(is_ready).map(|at| (&deltas[at].dot, at)).collect();
    let mut order = Vec::with_capacity(deltas.len());
    let mut places = vec![None; deltas.len()];
    while let Some((_, at)) = ready.pop_first() {
        places[at] = Some(order.len());
        order.push(at);
        for child in std::mem::take(&mut children[at]) {
            waits[child] -= 1;
            if waits[child] == 0 {
                ready.insert((&deltas[child].dot, child));
            }
        }
    }
    (order, places)
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

    #[test]
    fn of_deltas_under_one_dot_the_first_counts() {
        let delta = |dot: &str, parents: &[&str], amount| Delta {
            dot: dot.parse().unwrap(),
            parents: parents.iter().map(|parent| parent.parse().unwrap()).collect(),
            op: Op::Increment { amount },
        };
        let (one, other) = (delta("a:1", &[], 1), delta("a:1", &[], 2));
        let two = delta("a:2", &["a:1"], 3);
        let hash = hash_of(&two.digest(), [&hash_of(&one.digest(), [])]);
        let claims = BTreeMap::from([(two.dot.clone(), hash)]);
        // Also where the repetition stands right before its child.
        for deltas in [[one.clone(), other.clone(), two.clone()], [two.clone(), one.clone(), other.clone()]] {
            let found = check(deltas.to_vec(), &claims, &BTreeMap::new());
            let good: Vec<&Delta> = found.good.iter().map(|(delta, _)| delta).collect();
            assert_eq!((good, found.unclaimed), (vec![&one, &two], 1));
        }
        let found = check(vec![other, one, two], &claims, &BTreeMap::new());
        assert_eq!((found.good.len(), found.mismatched.len()), (0, 1));
    }
}
