//! The fingerprint of a document's state, kept up to date in constant time per delta.
//!
//! Each agent's deltas form a hash chain, `chain(n) = SHA-256(chain(n-1) ‖ digest(n))`, `chain(0)` being 32 zero
//! bytes. The canonical state is the type and, for each agent in order, its name, its number of deltas and the head
//! of its chain. It commits to every delta with its parents, so two replicas have equal canonical bytes exactly if
//! they hold the same deltas, however these arrived.

use std::collections::BTreeMap;

use ramanujan_core::{Digest, Fingerprint, VectorClock};

use crate::codec::{put_text, put_uint};
use crate::crdts::crdt_type::CrdtType;

/// Head of the chain of an agent without deltas.
pub const EMPTY_CHAIN: Digest = Digest([0; 32]);

/// The chain extended by one delta.
#[must_use]
pub fn extend_chain(previous: &Digest, delta: &Digest) -> Digest {
    Digest::of_parts([previous.as_bytes().as_slice(), delta.as_bytes()])
}

/// Canonical state of a document: per agent, how many deltas and the head of its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDigest {
    crdt_type: CrdtType,
    agents: BTreeMap<String, (u64, Digest)>,
}

impl StateDigest {
    /// The state of a document without deltas.
    pub fn new(crdt_type: CrdtType) -> Self {
        StateDigest { crdt_type, agents: BTreeMap::new() }
    }

    /// Sets what is known of `agent`: `seq` deltas, chain head `chain`.
    pub fn set(&mut self, agent: &str, seq: u64, chain: Digest) {
        self.agents.insert(agent.to_owned(), (seq, chain));
    }

    /// Adds the next delta of `agent`.
    pub fn push(&mut self, agent: &str, delta: &Digest) {
        match self.agents.get_mut(agent) {
            Some((seq, chain)) => {
                *seq += 1;
                *chain = extend_chain(chain, delta);
            }
            None => self.set(agent, 1, extend_chain(&EMPTY_CHAIN, delta)),
        }
    }

    /// How many deltas of each agent are in.
    pub fn clock(&self) -> VectorClock {
        self.agents.iter().map(|(agent, (seq, _))| (agent.as_str(), *seq)).collect()
    }

    /// The canonical bytes: equal exactly for equal sets of deltas.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut out = vec![1];
        put_text(&mut out, self.crdt_type.as_str());
        put_uint(&mut out, self.agents.len() as u64);
        for (agent, (seq, chain)) in &self.agents {
            put_text(&mut out, agent);
            put_uint(&mut out, *seq);
            out.extend_from_slice(chain.as_bytes());
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn build(agents: &[Vec<u8>], order: &[usize]) -> StateDigest {
        let mut state = StateDigest::new(CrdtType::Text);
        let mut next = vec![0; agents.len()];
        for agent in order {
            let agent = agent % agents.len();
            if let Some(content) = agents[agent].get(next[agent]) {
                state.push(&format!("agent-{agent}"), &Digest::of(&[*content]));
                next[agent] += 1;
            }
        }
        for (agent, deltas) in agents.iter().enumerate() {
            for content in &deltas[next[agent]..] {
                state.push(&format!("agent-{agent}"), &Digest::of(&[*content]));
            }
        }
        state
    }

    proptest! {
        #[test]
        fn arrival_order_does_not_matter_and_content_does(
            agents in prop::collection::vec(prop::collection::vec(0u8..4, 0..6), 1..4),
            one in prop::collection::vec(0usize..4, 0..30),
            other in prop::collection::vec(0usize..4, 0..30),
            changed in 0usize..20,
        ) {
            let state = build(&agents, &one);
            prop_assert_eq!(state.canonical_bytes(), build(&agents, &other).canonical_bytes());
            let mut forged = agents.clone();
            if let Some(content) = forged.iter_mut().flatten().nth(changed) {
                *content ^= 0x80;
                prop_assert_ne!(state.digest(), build(&forged, &one).digest());
            }
        }
    }
}
