//! What names a set of deltas: a hash for each that commits to its whole past, and a digest of the newest of these.
//!
//! Deltas form a directed acyclic graph, as commits do in git. `hash(delta) = SHA-256(2 ‖ digest(delta) ‖ hash(parent)…)`,
//! the parents in the order of their dots. The canonical state is the type and the heads, the deltas that no other has
//! for a parent, with their hashes. It commits to every delta, so two replicas have equal canonical bytes exactly if they
//! hold the same deltas, however these arrived; and it costs as much as there is concurrency, however many agents have
//! ever written.

use std::collections::{BTreeMap, HashMap};

use ramanujan_core::{Digest, Dot, Fingerprint};

use crate::codec::{put_dot, put_text, put_uint};
use crate::crdts::crdt_type::CrdtType;

/// First byte of what is hashed for a delta, and of a canonical state.
const VERSION: u8 = 2;

/// The hash of a delta: it commits to the delta, by its digest, and to all that it was made after, by the hashes of its
/// parents in the order of their dots.
pub fn hash_of<'a>(digest: &'a Digest, parents: impl IntoIterator<Item = &'a Digest>) -> Digest {
    let version = [VERSION];
    let own: [&[u8]; 2] = [&version, digest.as_bytes()];
    Digest::of_parts(own.into_iter().chain(parents.into_iter().map(|parent| parent.as_bytes().as_slice())))
}

/// Canonical state of a document: its heads with their hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDigest {
    crdt_type: CrdtType,
    heads: BTreeMap<Dot, Digest>,
}

impl StateDigest {
    /// The state of a document without deltas.
    pub fn new(crdt_type: CrdtType) -> Self {
        StateDigest { crdt_type, heads: BTreeMap::new() }
    }

    /// The state that has these heads.
    pub fn of(crdt_type: CrdtType, heads: impl IntoIterator<Item = (Dot, Digest)>) -> Self {
        StateDigest { crdt_type, heads: heads.into_iter().collect() }
    }

    /// The deltas that none other has for a parent, each with its hash.
    pub fn heads(&self) -> &BTreeMap<Dot, Digest> {
        &self.heads
    }

    /// The canonical bytes: equal exactly for equal sets of deltas.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_text(&mut out, self.crdt_type.as_str());
        put_uint(&mut out, self.heads.len() as u64);
        for (dot, hash) in &self.heads {
            put_dot(&mut out, dot);
            out.extend_from_slice(hash.as_bytes());
        }
        out
    }

    /// Content address of the state.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical_bytes())
    }

    /// Short fingerprint, for display and as an index.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.canonical_bytes())
    }
}

/// A delta names a parent that is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the parent {0} is not known")]
pub struct UnknownParent(pub Dot);

/// The state of deltas that are added in a causal order, with the hashes that those to come may ask for.
#[derive(Clone, Debug)]
pub struct HashDag {
    state: StateDigest,
    /// Hashes of deltas that are no heads.
    past: HashMap<Dot, Digest>,
}

impl HashDag {
    /// Of no deltas.
    pub fn new(crdt_type: CrdtType) -> Self {
        Self::after(StateDigest::new(crdt_type), HashMap::new())
    }

    /// Goes on from a state. `past` has the hashes of those deltas before its heads that new ones may have for parents.
    pub fn after(state: StateDigest, past: HashMap<Dot, Digest>) -> Self {
        HashDag { state, past }
    }

    /// The hash of a delta, if it is known.
    pub fn hash(&self, dot: &Dot) -> Option<&Digest> {
        self.state.heads.get(dot).or_else(|| self.past.get(dot))
    }

    /// Adds a delta by its digest, its parents in the order of their dots; returns its hash.
    ///
    /// # Errors
    /// [`UnknownParent`].
    pub fn push(&mut self, dot: &Dot, parents: &[Dot], digest: &Digest) -> Result<Digest, UnknownParent> {
        self.push_keeping(dot, parents, digest, |_| true)
    }

    /// As [`Self::push`], but keeps of the parents that are no heads any more only those that `keep` tells.
    pub(crate) fn push_keeping(
        &mut self,
        dot: &Dot,
        parents: &[Dot],
        digest: &Digest,
        keep: impl Fn(&Dot) -> bool,
    ) -> Result<Digest, UnknownParent> {
        let find = |parent: &Dot| self.hash(parent).ok_or_else(|| UnknownParent(parent.clone()));
        let of_parents = parents.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let hash = hash_of(digest, of_parents);
        for parent in parents {
            if let Some(hash) = self.state.heads.remove(parent)
                && keep(parent)
            {
                self.past.insert(parent.clone(), hash);
            }
        }
        self.state.heads.insert(dot.clone(), hash);
        Ok(hash)
    }

    /// The state so far.
    pub fn state(&self) -> &StateDigest {
        &self.state
    }

    /// The state of all that was added.
    pub fn into_state(self) -> StateDigest {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Deltas with what stands for their contents: each has some of those before it for parents.
    type History = Vec<(Dot, Vec<Dot>, u8)>;

    fn history() -> impl Strategy<Value = History> {
        let step = (0usize..3, prop::collection::vec(any::<prop::sample::Index>(), 0..3), 0u8..4);
        prop::collection::vec(step, 1..12).prop_map(|steps| {
            let mut history: History = Vec::new();
            for (agent, parents, content) in steps {
                let agent = ["a", "b", "c"][agent];
                let own = history.iter().filter(|(dot, ..)| dot.agent.as_str() == agent).count() as u64;
                let mut after: Vec<Dot> = if history.is_empty() {
                    Vec::new()
                } else {
                    parents.iter().map(|parent| history[parent.index(history.len())].0.clone()).collect()
                };
                after.sort_unstable();
                after.dedup();
                history.push((Dot::new(agent.parse().unwrap(), own + 1), after, content));
            }
            history
        })
    }

    fn state_of(history: &History) -> StateDigest {
        let mut dag = HashDag::new(CrdtType::Text);
        for (dot, parents, content) in history {
            dag.push(dot, parents, &Digest::of(&[*content])).unwrap();
        }
        dag.state().clone()
    }

    /// The same deltas in another causal order: of those that can come next, the one that `pick` says.
    fn reordered(history: &History, picks: &[usize]) -> History {
        let (mut rest, mut out) = (history.clone(), History::new());
        for pick in picks.iter().chain(std::iter::repeat(&0)) {
            let is_in = |dot: &Dot| out.iter().any(|(known, ..)| known == dot);
            let ready: Vec<usize> =
                (0..rest.len()).filter(|index| rest[*index].1.iter().all(&is_in)).collect();
            if ready.is_empty() {
                return out;
            }
            out.push(rest.remove(ready[pick % ready.len()]));
        }
        out
    }

    proptest! {
        #[test]
        fn arrival_order_does_not_matter_and_content_and_parents_do(
            history in history(),
            picks in prop::collection::vec(0usize..8, 0..12),
            changed in any::<prop::sample::Index>(),
        ) {
            let state = state_of(&history);
            let other = reordered(&history, &picks);
            prop_assert_eq!(other.len(), history.len());
            prop_assert_eq!(state.canonical_bytes(), state_of(&other).canonical_bytes());
            // Wherever it lies, all that follows commits to it.
            let changed = changed.index(history.len());
            let mut forged = history.clone();
            forged[changed].2 ^= 0x80;
            prop_assert_ne!(state.digest(), state_of(&forged).digest());
            let mut forged = history.clone();
            if forged[changed].1.pop().is_some() {
                prop_assert_ne!(state.digest(), state_of(&forged).digest());
            }
            let mut part = history.clone();
            part.pop();
            prop_assert_ne!(state.digest(), state_of(&part).digest());
        }

        #[test]
        fn what_is_forgotten_and_not_asked_for_changes_nothing(history in history()) {
            let named = |dot: &Dot, from: usize| history[from..].iter().any(|(_, parents, _)| parents.contains(dot));
            let mut dag = HashDag::new(CrdtType::Text);
            for (place, (dot, parents, content)) in history.iter().enumerate() {
                let keep = |parent: &Dot| named(parent, place + 1);
                dag.push_keeping(dot, parents, &Digest::of(&[*content]), keep).unwrap();
            }
            prop_assert_eq!(dag.state(), &state_of(&history));
        }
    }

    #[test]
    fn a_parent_must_be_known() {
        let (a, b): (Dot, Dot) = ("a:1".parse().unwrap(), "b:1".parse().unwrap());
        let digest = Digest::of(b"x");
        let mut dag = HashDag::new(CrdtType::Text);
        assert_eq!(dag.push(&b, std::slice::from_ref(&a), &digest), Err(UnknownParent(a.clone())));
        assert_eq!(dag.state(), &StateDigest::new(CrdtType::Text));
        let first = dag.push(&a, &[], &digest).unwrap();
        assert_eq!(first, hash_of(&digest, []));
        let second = dag.push(&b, std::slice::from_ref(&a), &digest).unwrap();
        assert_eq!(second, hash_of(&digest, [&first]));
        assert_eq!(dag.state(), &StateDigest::of(CrdtType::Text, [(b, second)]));
    }
}
