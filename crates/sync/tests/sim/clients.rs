//! What clients of a site write, and what it acknowledges.

use ramanujan_core::DocumentId;
use ramanujan_crdt::{Json, Op};

use crate::document::Entry;
use crate::plan::Class;
use crate::world::World;

impl World {
    /// A write of a client.
    pub(crate) fn write(&mut self, site: usize) {
        let documents = self.plan.documents;
        let pick = self.random.below(documents);
        let document: DocumentId = format!("d{pick}").parse().expect("an id");
        let (roll, agent) = (self.random.below(20), self.sites[site].agent.clone());
        let value = self.random.below(1000);
        let own = &mut self.sites[site];
        if !own.interest.holds(&document) {
            return;
        }
        if roll == 0 && self.plan.has(Class::Deletions) {
            own.store.toggle(&document);
            return self.meet("deletion or recovery");
        }
        if roll < 3 && self.plan.has(Class::Freezes) {
            own.store.freeze(&document, &agent, self.now);
            return self.meet("freeze");
        }
        let op = match pick % 3 {
            0 => Op::Insert { position: 0, text: format!("{value} ") },
            1 => Op::Increment { amount: value },
            _ => Op::SetLast { value: Json::Int(value as i64) },
        };
        let (dot, hash) = own.store.write(&document, &agent, op);
        self.hashes.entry((document, dot)).or_default().insert(hash);
    }

    /// What is on disk is acknowledged, and not to be lost.
    pub(crate) fn acknowledge(&mut self, site: usize) {
        let store = &self.sites[site].store;
        let agent = &self.sites[site].agent;
        for entry in store.log[..store.synced].iter().rev() {
            if let Entry::Delta { document, delta, hash } = entry
                && delta.dot.agent == *agent
                && !self.acknowledged.insert((document.clone(), delta.dot.clone(), *hash))
            {
                break;
            }
        }
    }
}
