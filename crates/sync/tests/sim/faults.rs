//! What goes wrong with links, sites, disks and clocks.

use ramanujan_core::{Digest, DocumentId, Dot};

use crate::document::{Document, Entry};
use crate::plan::{Class, Lie};
use crate::world::{Fault, Happening, Site, World};

impl World {
    pub(crate) fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Heal { from, to } => {
                self.cut.remove(&(from, to));
            }
            Fault::Jump(site) => {
                let jump = self.random.below(7_200_000) as i64 - 3_600_000;
                self.sites[site].ahead += jump;
                self.meet(if jump < 0 { "clock set back" } else { "clock set ahead" });
            }
            Fault::Next if self.now < self.plan.faulty_ms => {
                self.one_fault();
                let wait = 200 + self.random.below(800);
                self.at(self.now + wait, Happening::Fault(Fault::Next));
            }
            Fault::Next => {}
        }
    }

    fn one_fault(&mut self) {
        let classes = self.plan.classes.clone();
        if classes.is_empty() {
            return;
        }
        let class = classes[self.random.below(classes.len() as u64) as usize];
        let site = self.random.below(self.sites.len() as u64) as usize;
        let back = self.now + 500 + self.random.below(4000);
        match class {
            Class::Partition => {
                // Some sites on one side, the others on the other.
                self.meet("partition");
                let side: Vec<bool> = (0..self.sites.len()).map(|_| self.random.below(3) == 0).collect();
                for from in 0..self.sites.len() {
                    for to in self.graph.neighbours(from).to_vec() {
                        if side[from] != side[to] && self.cut.insert((from, to)) {
                            self.at(back, Happening::Fault(Fault::Heal { from, to }));
                        }
                    }
                }
            }
            Class::OneWay => {
                self.meet("one-way partition");
                for to in self.graph.neighbours(site).to_vec() {
                    if self.cut.insert((site, to)) {
                        self.at(back, Happening::Fault(Fault::Heal { from: site, to }));
                    }
                }
            }
            Class::Crash => {
                self.sites[site].store.synced = self.sites[site].store.log.len();
                self.acknowledge(site);
                self.crash(site, back, "crash");
            }
            Class::LostTail => {
                if self.sites[site].engine.is_some() && self.is_honest(site) {
                    // Not on disk yet, and nobody is told.
                    self.write(site);
                }
                let (synced, all) = (self.sites[site].store.synced, self.sites[site].store.log.len());
                // Nobody was told of these, so their numbers may be used again.
                for entry in &self.sites[site].store.log[synced..] {
                    if let Entry::Delta { document, delta, .. } = entry {
                        self.hashes.remove(&(document.clone(), delta.dot.clone()));
                    }
                }
                self.sites[site].store.cut(synced);
                self.crash(
                    site,
                    back,
                    if synced < all { "crash, tail lost" } else { "crash, nothing to lose" },
                );
            }
            Class::Restore => self.restore(site, back),
            Class::Clock => self.fault(Fault::Jump(site)),
            Class::LostCursors => {
                self.sites[site].cursors.clear();
                self.sites[site].store.synced = self.sites[site].store.log.len();
                self.acknowledge(site);
                self.crash(site, back, "cursors lost");
            }
            Class::Liar => self.tamper(),
            _ => {}
        }
    }

    fn crash(&mut self, site: usize, back: u64, what: &'static str) {
        if self.sites[site].engine.take().is_some() {
            self.meet(what);
            self.at(back, Happening::Starts { site });
        }
    }

    /// A backup is put back: what was written since is gone from this disk.
    fn restore(&mut self, site: usize, back: u64) {
        if self.sites[site].engine.is_none() || self.sites[site].lie.is_some() {
            return;
        }
        let length = self.sites[site].store.synced;
        let kept = length - self.random.below(1 + length.min(12) as u64) as usize;
        self.sites[site].store.cut(kept);
        if self.random.below(2) == 0 {
            // Whoever restores it gives its writers new names, so that no number is used twice.
            let start = self.sites[site].start;
            self.sites[site].agent = format!("s{site}.{start}").parse().expect("a name");
        }
        // What nobody else has is gone with the disk.
        let others: Vec<&Site> = self.sites.iter().filter(|site| site.lie.is_none()).collect();
        let kept = |document: &DocumentId, dot: &Dot, hash: &Digest| {
            let holds = |own: &Document| own.deltas.get(dot).is_some_and(|(held, _)| held == hash);
            others.iter().any(|site| site.store.documents.get(document).is_some_and(holds))
        };
        let acknowledged = std::mem::take(&mut self.acknowledged);
        self.acknowledged =
            acknowledged.into_iter().filter(|(document, dot, hash)| kept(document, dot, hash)).collect();
        self.crash(site, back, "backup restored");
    }

    /// The liar's disk gets another history.
    fn tamper(&mut self) {
        let Some(site) = self.sites.iter().position(|site| site.lie == Some(Lie::History)) else { return };
        let store = &self.sites[site].store;
        if store.log.is_empty() || self.met.contains_key("history changed") {
            return;
        }
        let at = self.random.below(store.log.len() as u64) as usize;
        let Entry::Delta { document, .. } = store.log[at].clone() else { return };
        for (dot, hash) in self.sites[site].store.tamper(&document, at) {
            self.hashes.entry((document.clone(), dot)).or_default().insert(hash);
        }
        self.meet("history changed");
    }
}
