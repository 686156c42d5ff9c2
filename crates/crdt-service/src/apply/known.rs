//! What a batch is checked against: the stored deltas that it refers to, and those of the batch itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use ramanujan_core::{AgentId, Dot, VectorClock};
use ramanujan_crdt::ancestry::{Ancestry, NeedsHistory};
use ramanujan_crdt::counter::Totals;
use ramanujan_crdt::text::maximal;
use ramanujan_crdt::{CrdtType, TextGraph};

use super::lineage::Lineage;
use crate::record::{Outline, Parent, Recorded};
use crate::version::SMALL_CLOCK;

/// What has to be read of one document.
#[derive(Debug, Default)]
pub(crate) struct Needed {
    /// Deltas that others are made on.
    pub(crate) parents: BTreeSet<Dot>,
    /// Deltas that may be the same as what is asked for now: only of these it matters what they do.
    pub(crate) dots: BTreeSet<Dot>,
    /// Who writes.
    pub(crate) agents: BTreeSet<String>,
    /// Idempotency keys, each with its agent.
    pub(crate) keys: Vec<(String, String)>,
    /// The deltas that no other has seen.
    pub(crate) heads: bool,
    /// For what parents were made after, the newest deltas up to these: 0 none, 1 as many as it takes as a rule, then four
    /// times as many at each step.
    pub(crate) steps_back: u32,
}

impl Needed {
    /// Asks for more of the history before the parents.
    pub(crate) fn widen(&mut self) {
        self.steps_back += 1;
    }
}

/// The newest delta of an agent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Last {
    pub(crate) seq: u64,
    pub(crate) totals: Totals,
    /// Its log position, 0 in a batch.
    pub(crate) log: u64,
}

/// What was read of one document.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The parents asked for, and the heads, in any order.
    pub(crate) parents: Vec<Parent>,
    /// The other deltas asked for.
    pub(crate) deltas: Vec<Recorded>,
    /// The tail of the history, by log position.
    pub(crate) tail: Vec<Outline>,
    /// Whether that is the whole history.
    pub(crate) is_all: bool,
    /// Of each agent that writes and has written before.
    pub(crate) agents: BTreeMap<String, Last>,
    /// The heads, if they were asked for.
    pub(crate) heads: Option<Vec<Dot>>,
    /// Agent, idempotency key, and what is stored under it.
    pub(crate) by_key: Vec<(String, String, Dot)>,
    /// The document's type, if it has one.
    pub(crate) crdt_type: Option<CrdtType>,
    /// How often deltas have been taken out of the document: what was read is of no use once that is another number.
    pub(crate) withdrawals: u64,
}

/// What is known of one document while a batch is checked.
#[derive(Default)]
pub(crate) struct Known {
    pub(super) crdt_type: Option<CrdtType>,
    pub(super) graph: TextGraph,
    lineage: Lineage,
    /// The batch's own deltas, in order.
    pub(super) added: Vec<Rc<Recorded>>,
    by_dot: HashMap<Dot, Parent>,
    /// Those that are known with what they do, among them the batch's own.
    records: HashMap<Dot, Rc<Recorded>>,
    by_key: HashMap<(String, String), Dot>,
    agents: BTreeMap<String, Last>,
    /// The deltas that no other has seen, if they were asked for.
    heads: Option<BTreeSet<Dot>>,
    /// The heads of the batch's own deltas.
    own_heads: BTreeSet<Dot>,
    /// What each of the batch's own deltas has seen of the heads, without looking back further than to its parents.
    seen: HashMap<Dot, Rc<BTreeSet<Dot>>>,
}

impl Known {
    /// The tail is in the order of arrival, which is a causal order.
    pub(crate) fn of(found: Found) -> Self {
        let mut parents = found.parents;
        parents.extend(found.deltas.iter().map(Recorded::as_parent));
        parents.sort_unstable_by_key(|delta| delta.outline.log);
        parents.dedup_by_key(|delta| delta.outline.log);
        let mut known = Known {
            // The document may have come into being between two statements.
            crdt_type: found.crdt_type.or_else(|| parents.first().map(|delta| delta.crdt_type)),
            records: found.deltas.into_iter().map(|delta| (delta.dot().clone(), delta.into())).collect(),
            by_key: found.by_key.into_iter().map(|(agent, key, dot)| ((agent, key), dot)).collect(),
            agents: found.agents,
            heads: found.heads.map(BTreeSet::from_iter),
            lineage: Lineage::new(found.is_all),
            ..Known::default()
        };
        // Only the tail has no gaps, which is what makes an ancestry.
        let mut tail = found.tail.into_iter().peekable();
        for delta in parents {
            let Outline { log, dot, .. } = &delta.outline;
            while let Some(earlier) = tail.next_if(|earlier| earlier.log < *log) {
                known.learn(earlier);
            }
            if known.crdt_type == Some(CrdtType::Text) {
                delta.outline.push_to(&mut known.graph);
            }
            // Stored since the agents were read.
            let last = known.agents.entry(dot.agent.to_string()).or_default();
            if last.seq < dot.seq {
                *last = Last { seq: dot.seq, totals: delta.totals, log: *log };
            }
            known.by_dot.insert(dot.clone(), delta);
        }
        tail.for_each(|later| known.learn(later));
        known
    }

    /// The next delta of the tail.
    fn learn(&mut self, stored: Outline) {
        if self.crdt_type == Some(CrdtType::Text) {
            stored.push_to(&mut self.graph);
        }
        self.lineage.push(stored.dot, stored.parents, stored.whole);
    }

    /// What the deltas at hand were made after.
    pub(super) fn ancestry(&self) -> &Ancestry {
        self.lineage.ancestry()
    }

    pub(crate) fn get(&self, dot: &Dot) -> Option<&Parent> {
        self.by_dot.get(dot)
    }

    /// A delta that is known with what it does.
    pub(super) fn record(&self, dot: &Dot) -> Option<&Rc<Recorded>> {
        self.records.get(dot)
    }

    /// A delta of the batch.
    pub(super) fn unstored(&self, dot: &Dot) -> Option<&Rc<Recorded>> {
        self.record(dot).filter(|_| self.seen.contains_key(dot))
    }

    pub(super) fn by_key(&self, agent: &str, key: &str) -> Option<&Rc<Recorded>> {
        self.record(self.by_key.get(&(agent.to_owned(), key.to_owned()))?)
    }

    /// The newest delta of `agent`.
    pub(super) fn last(&self, agent: &str) -> Last {
        self.agents.get(agent).copied().unwrap_or_default()
    }

    /// The deltas that none other has seen.
    pub(super) fn heads(&self) -> Vec<Dot> {
        self.heads.iter().flatten().cloned().collect()
    }

    /// The newest of these deltas, sorted, and the version that they make, where that is kept.
    ///
    /// # Errors
    /// [`NeedsHistory`].
    pub(super) fn newest_of(&self, dots: Vec<Dot>) -> Result<(Vec<Dot>, Option<VectorClock>), NeedsHistory> {
        // Of the heads none has seen another.
        let are_heads = self.heads.as_ref().is_some_and(|heads| dots.iter().all(|dot| heads.contains(dot)));
        let mut past = Some(VectorClock::new());
        for dot in &dots {
            let clock = self.by_dot.get(dot).and_then(|known| known.clock.as_ref());
            // A version that is not kept need not be made.
            past = past.zip(clock).map(|(mut past, clock)| {
                past.join(clock);
                past
            });
            past = past.filter(|past| !are_heads || past.len() <= SMALL_CLOCK);
        }
        if are_heads {
            let dots: BTreeSet<Dot> = dots.into_iter().collect();
            return Ok((dots.into_iter().collect(), past));
        }
        let clocks = || dots.iter().map(|dot| Some((dot.clone(), self.by_dot.get(dot)?.clock.as_ref()?)));
        match past.zip(clocks().collect()) {
            Some((past, clocks)) => Ok((maximal(clocks), Some(past))),
            None => Ok((self.ancestry().maximal(dots)?, None)),
        }
    }

    /// Whether what was made on `parents`, which are known, has seen the newest delta of `agent`.
    ///
    /// # Errors
    /// [`NeedsHistory`].
    pub(super) fn has_seen_last(&self, parents: &[Dot], agent: &AgentId) -> Result<bool, NeedsHistory> {
        let last = self.last(agent.as_str());
        let dot = Dot::new(agent.clone(), last.seq);
        if last.seq == 0 || parents.contains(&dot) || self.are_all(parents) {
            return Ok(true);
        }
        let known = || parents.iter().filter_map(|parent| Some(&self.by_dot.get(parent)?.outline));
        if last.log > 0 {
            // Those of the batch have position 0, and what lies behind them is not that simple.
            if known().any(|parent| parent.whole && parent.log > last.log) {
                return Ok(true);
            }
            if known().all(|parent| parent.log > 0 && parent.log < last.log) {
                return Ok(false);
            }
        }
        self.ancestry().holds(parents, &dot)
    }

    /// Whether these, which are sorted, are known to be all heads.
    fn are_all(&self, parents: &[Dot]) -> bool {
        self.heads.as_ref().is_some_and(|heads| is_within(heads, parents))
    }

    /// What a delta on these parents has seen of the heads that are stored.
    fn seen_by(&self, parents: &[Dot]) -> Rc<BTreeSet<Dot>> {
        if let [parent] = parents
            && let Some(seen) = self.seen.get(parent)
        {
            return Rc::clone(seen);
        }
        let of_parents = parents.iter().filter_map(|parent| self.seen.get(parent));
        Rc::new(of_parents.flat_map(|seen| seen.iter()).chain(parents).cloned().collect())
    }

    /// Adds a delta of the batch; `graph` already has it. Says what it has seen of the stored heads, if it has seen all of
    /// the batch.
    pub(super) fn add(&mut self, new: &Rc<Recorded>) -> Option<Rc<BTreeSet<Dot>>> {
        let (dot, parents) = (new.dot(), &new.delta.parents);
        let seen = self.seen_by(parents);
        let has_seen_batch = is_within(&self.own_heads, parents);
        self.lineage.push(dot.clone(), parents.clone(), self.are_all(parents));
        if let Some(heads) = &mut self.heads {
            replace(heads, parents, dot);
        }
        replace(&mut self.own_heads, parents, dot);
        self.seen.insert(dot.clone(), Rc::clone(&seen));
        self.crdt_type = Some(new.crdt_type());
        self.added.push(Rc::clone(new));
        self.agents.insert(dot.agent.to_string(), Last { seq: dot.seq, totals: new.totals, log: 0 });
        self.by_dot.insert(dot.clone(), new.as_parent());
        self.records.insert(dot.clone(), Rc::clone(new));
        has_seen_batch.then_some(seen)
    }
}

/// Whether each of `dots` is one of `parents`, which are sorted: there may be thousands of both.
fn is_within(dots: &BTreeSet<Dot>, parents: &[Dot]) -> bool {
    dots.iter().all(|dot| parents.binary_search(dot).is_ok())
}

/// Puts a delta in the place of its parents.
fn replace(heads: &mut BTreeSet<Dot>, parents: &[Dot], new: &Dot) {
    for parent in parents {
        heads.remove(parent);
    }
    heads.insert(new.clone());
}
