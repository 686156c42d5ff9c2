//! What a batch is checked against: the stored deltas that it refers to, and those of the batch itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use ramanujan_core::{DocumentId, Dot, Problem, VectorClock};
use ramanujan_crdt::text::maximal;
use ramanujan_crdt::{CrdtType, TextGraph};

use super::resolve::{ContentAt, Resolver};
use crate::record::{Outline, Recorded};

/// First number of newest deltas looked at for the fork of several parents; it grows fourfold while the fork lies
/// further back.
const FIRST_TAIL: u64 = 64;

/// What has to be read of one document.
#[derive(Debug, Default)]
pub(crate) struct Needed {
    pub(crate) dots: BTreeSet<Dot>,
    /// Idempotency keys, each with its agent.
    pub(crate) keys: Vec<(String, String)>,
    /// The newest delta of each agent.
    pub(crate) newest: bool,
    /// How many deltas up to the newest one referred to, for finding the fork of parents.
    pub(crate) tail: u64,
}

impl Needed {
    /// Asks for more of the history before the parents.
    pub(crate) fn widen(&mut self) {
        self.tail = (self.tail * 4).max(FIRST_TAIL);
    }
}

/// What was read of one document.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The deltas asked for, by log position.
    pub(crate) deltas: Vec<Recorded>,
    /// The tail of the history, by log position.
    pub(crate) tail: Vec<Outline>,
    /// The newest delta of each agent, if it was asked for.
    pub(crate) newest: Vec<Dot>,
    /// Agent, idempotency key, and what is stored under it.
    pub(crate) by_key: Vec<(String, String, Dot)>,
    /// The document's type, if it has one.
    pub(crate) crdt_type: Option<CrdtType>,
}

/// What is known of one document while a batch is checked.
#[derive(Default)]
pub(crate) struct Known {
    pub(super) crdt_type: Option<CrdtType>,
    pub(super) graph: TextGraph,
    /// The batch's own deltas on a JSON document, in order.
    added: Vec<Rc<Recorded>>,
    /// The JSON document that the last edit of the batch was made on.
    resolver: Option<Resolver>,
    by_dot: HashMap<Dot, Rc<Recorded>>,
    by_key: HashMap<(String, String), Dot>,
    /// Newest delta of each agent; only filled where heads or a next seq are asked for.
    newest: BTreeMap<String, Dot>,
}

impl Known {
    /// Both lists are in the order of arrival, which is a causal order.
    pub(crate) fn of(found: Found) -> Self {
        let mut known = Known {
            crdt_type: found.crdt_type,
            by_key: found.by_key.into_iter().map(|(agent, key, dot)| ((agent, key), dot)).collect(),
            newest: found.newest.into_iter().map(|dot| (dot.agent.to_string(), dot)).collect(),
            ..Known::default()
        };
        let mut tail = found.tail.into_iter().peekable();
        for delta in found.deltas {
            known.crdt_type = Some(delta.crdt_type());
            while let Some(earlier) = tail.next_if(|earlier| earlier.log < delta.log) {
                earlier.push_to(&mut known.graph);
            }
            if let Some(outline) = delta.outline() {
                outline.push_to(&mut known.graph);
            }
            known.by_dot.insert(delta.dot().clone(), delta.into());
        }
        tail.for_each(|later| later.push_to(&mut known.graph));
        known
    }

    pub(super) fn get(&self, dot: &Dot) -> Option<&Rc<Recorded>> {
        self.by_dot.get(dot)
    }

    pub(super) fn by_key(&self, agent: &str, key: &str) -> Option<&Rc<Recorded>> {
        self.by_dot.get(self.by_key.get(&(agent.to_owned(), key.to_owned()))?)
    }

    /// Number of deltas of `agent`.
    pub(super) fn last_seq(&self, agent: &str) -> u64 {
        self.newest.get(agent).map_or(0, |dot| dot.seq)
    }

    /// The deltas that none other has seen.
    pub(super) fn heads(&self) -> Vec<Dot> {
        let newest = self.newest.values().filter_map(|dot| Some((dot.clone(), &self.by_dot.get(dot)?.clock)));
        maximal(newest.collect())
    }

    /// The JSON document at `past`: the one that was asked for last, if that is the version.
    pub(super) fn resolver_at(
        &mut self,
        content_at: &ContentAt<'_>,
        document: &DocumentId,
        past: &VectorClock,
    ) -> Result<&Resolver, Problem> {
        let resolver = match self.resolver.take() {
            Some(resolver) if resolver.is_at(past) => resolver,
            _ => Resolver::at(content_at, document, past, &self.added)?,
        };
        Ok(self.resolver.insert(resolver))
    }

    /// Takes a delta in where it was made on the version that was asked for last.
    pub(super) fn follow(&mut self, delta: &Recorded) -> Result<(), Problem> {
        if self.resolver.is_none() {
            return Ok(());
        }
        let past = delta.past();
        if let Some(mut resolver) = self.resolver.take_if(|resolver| resolver.is_at(&past)) {
            resolver.follow(delta, &past)?;
            self.resolver = Some(resolver);
        }
        Ok(())
    }

    /// Adds a delta of the batch; `graph` already has it.
    pub(super) fn add(&mut self, new: &Rc<Recorded>) {
        self.crdt_type = Some(new.crdt_type());
        if new.crdt_type() == CrdtType::Json {
            self.added.push(Rc::clone(new));
        }
        self.newest.insert(new.dot().agent.to_string(), new.dot().clone());
        self.by_dot.insert(new.dot().clone(), Rc::clone(new));
    }

    /// The versions after these deltas, `Err` with the first that is not known.
    pub(super) fn clocks(&self, dots: Vec<Dot>) -> Result<Vec<(Dot, &VectorClock)>, Dot> {
        dots.into_iter()
            .map(|dot| match self.by_dot.get(&dot) {
                Some(known) => Ok((dot, &known.clock)),
                None => Err(dot),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use ramanujan_core::Code;
    use ramanujan_crdt::counter::Totals;
    use ramanujan_crdt::request::{Change, EditRequest, PathStep};
    use ramanujan_crdt::state::EMPTY_CHAIN;
    use ramanujan_crdt::{Delta, Json, Op};

    use super::*;

    #[test]
    fn one_version_after_the_other_is_read_once() {
        let stored = |_: &DocumentId, _: &VectorClock| Err(Problem::new(Code::NoSuchVersion, "read"));
        let (mut known, document) = (Known::default(), "d".parse().unwrap());
        let request = EditRequest {
            path: vec![PathStep::Key("list".into())],
            change: Change::InsertItem { position: None, value: Json::Int(1) },
        };
        let mut past = VectorClock::new();
        for seq in 1..4 {
            // Of the empty version alone nothing has to be read.
            let edit = known.resolver_at(&stored, &document, &past).unwrap().resolve(&request).unwrap();
            let dot = Dot::new("a".parse().unwrap(), seq);
            let mut clock = past.clone();
            clock.observe("a", seq);
            let delta = Delta { dot, parents: Vec::new(), op: Op::Edit(edit) };
            let digest = delta.digest();
            let recorded = Recorded {
                delta,
                clock: clock.clone(),
                digest,
                chain: EMPTY_CHAIN,
                size: 0,
                totals: Totals::default(),
                log: seq,
                received: 0,
            };
            known.follow(&recorded).unwrap();
            past = clock;
        }
        past.observe("b", 1);
        assert!(known.resolver_at(&stored, &document, &past).is_err(), "another version is read");
    }
}
