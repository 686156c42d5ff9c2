//! Leaf hashes of parts of the log, and of the perfect subtrees over them.
//!
//! Roots of subtrees of 1024 events and more come from the seals, one look-up each; what is smaller is hashed from the
//! rows of its range of 1024. A proof so costs a logarithm of look-ups and at most two or three such ranges.

use std::collections::HashMap;
use std::ops::Range;

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Store, Value as Sql};
use ramanujan_timeline::Accumulator;
use ramanujan_timeline::hash::link_hash;
use ramanujan_timeline::tree::{Node, fold, perfect, perfect_root};

use crate::seal::{NODE_LEVEL, SEAL_EVENTS, State, first_gap};
use crate::store::log::{self, damaged};
use crate::store::seals;

/// Most ranges hashed from rows for one proof. More than three are needed only in the part of a log that was sealed
/// before subtree roots were kept.
const MAX_RANGES: usize = 64;

/// The leaf hashes of the events after `from` up to `to`, in order.
///
/// # Errors
/// 503 if the store does not answer, 500 `log-damaged` if one is missing.
pub fn read(store: &Store, from: u64, to: u64) -> Result<Vec<Digest>, Problem> {
    let mut hashes = archived(store, from, to)?;
    let from = from + hashes.len() as u64;
    let events = log::after(store, from, to.saturating_sub(from))?;
    let gap = first_gap(from, &events);
    let end = from + events.len() as u64;
    if let Some(seq) = gap.or_else(|| (end < to).then_some(end + 1)) {
        return Err(damaged(seq));
    }
    hashes.extend(events.iter().map(|event| event.leaf_hash()));
    Ok(hashes)
}

/// As [`state_at`], after sealing what is not sealed yet in full ranges, and with `whole` the rest too.
///
/// # Errors
/// 503 `not-sealed` after `budget` events; else as [`state_at`].
pub(crate) fn sealed_state(
    store: &Store,
    size: u64,
    budget: u64,
    whole: bool,
) -> Result<Accumulator, Problem> {
    seals::up_to(store, if whole { size } else { size - size % SEAL_EVENTS }, budget)?;
    state_at(store, size)
}

/// The leaf hashes of the events after `from` up to `to` as far as they are archived.
///
/// # Errors
/// 503 if the store does not answer.
pub fn archived(store: &Store, from: u64, to: u64) -> Result<Vec<Digest>, Problem> {
    let rows = store.execute(
        "SELECT first, leaves FROM timeline_segments WHERE last > ?1 AND first <= ?2 ORDER BY first",
        [from.into(), to.into()],
    )?;
    let mut hashes = Vec::new();
    for row in &rows {
        let (leaves, _) = row.blob(1)?.as_chunks::<32>();
        for (seq, leaf) in (row.uint(0)?..=to).zip(leaves) {
            if seq == from + 1 + hashes.len() as u64 {
                hashes.push(Digest(*leaf));
            }
        }
    }
    Ok(hashes)
}

/// The hashes at any size: those of the last seal not beyond it, continued with the leaves since.
///
/// # Errors
/// 503 if the store does not answer, 500 `log-damaged` if an event is missing.
pub(crate) fn state_at(store: &Store, size: u64) -> Result<Accumulator, Problem> {
    let mut state = seals::at(store, size)?;
    for leaf in read(store, state.size(), size)? {
        state.push(leaf);
    }
    Ok(state)
}

/// The hashes of one range of the log, compared with its seal.
struct Leaves {
    hashes: Vec<Digest>,
    /// The last link of the chain before the range, if it begins at a seal.
    link: Option<Digest>,
}

/// Reads subtree hashes of the sealed part of the log.
pub struct Tree<'a> {
    store: &'a Store,
    sealed: u64,
    nodes: HashMap<Node, Digest>,
    ranges: HashMap<u64, Leaves>,
}

impl<'a> Tree<'a> {
    /// Of the first `sealed` events, which must be sealed.
    pub fn new(store: &'a Store, sealed: u64) -> Self {
        Tree { store, sealed, nodes: HashMap::new(), ranges: HashMap::new() }
    }

    /// MTH of each of `ranges`, which must lie within the sealed part.
    ///
    /// # Errors
    /// 503 if the store does not answer, 500 `log-damaged`.
    pub fn hashes(&mut self, ranges: &[Range<u64>]) -> Result<Vec<Digest>, Problem> {
        let parts: Vec<Vec<Node>> = ranges.iter().cloned().map(perfect).collect();
        self.fetch(parts.iter().flatten().copied())?;
        parts
            .iter()
            .map(|nodes| {
                nodes.iter().map(|node| self.node(*node)).collect::<Result<Vec<_>, _>>().map(|h| fold(&h))
            })
            .collect()
    }

    /// The hash of one event's leaf, and the links of the chain before and with it where they are known.
    ///
    /// # Errors
    /// As [`hashes`](Self::hashes).
    pub fn leaf(&mut self, index: u64) -> Result<(Digest, Option<[Digest; 2]>), Problem> {
        let place = usize::try_from(index % SEAL_EVENTS).unwrap_or(usize::MAX);
        let range = self.range(index / SEAL_EVENTS)?;
        let leaf = *range.hashes.get(place).ok_or_else(|| damaged(index + 1))?;
        let links = range.link.map(|link| {
            let before = range.hashes[..place].iter().fold(link, |link, leaf| link_hash(&link, leaf));
            [before, link_hash(&before, &leaf)]
        });
        Ok((leaf, links))
    }

    /// Reads the kept roots among `wanted` with one statement.
    fn fetch(&mut self, wanted: impl Iterator<Item = Node>) -> Result<(), Problem> {
        let wanted: Vec<Node> = wanted.filter(|node| node.level >= NODE_LEVEL).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let ends: Vec<u64> = wanted.iter().map(|node| node.end()).collect();
        let ends = Sql::from(serde_json::json!(ends).to_string());
        let rows = self.store.execute(
            "SELECT size, nodes FROM timeline_seals
             WHERE size IN (SELECT value FROM json_each(?1)) AND nodes IS NOT NULL",
            [ends],
        )?;
        for row in &rows {
            let (size, nodes) = (row.uint(0)?, row.blob(1)?);
            let (nodes, _) = nodes.as_chunks::<32>();
            for (level, hash) in (NODE_LEVEL..).zip(nodes) {
                self.nodes.insert(Node { level, index: (size >> level) - 1 }, Digest(*hash));
            }
        }
        Ok(())
    }

    fn node(&mut self, node: Node) -> Result<Digest, Problem> {
        if node.level < NODE_LEVEL {
            let start = node.index << node.level;
            let first = usize::try_from(start % SEAL_EVENTS).unwrap_or(usize::MAX);
            let range = self.range(start / SEAL_EVENTS)?;
            let leaves =
                range.hashes.get(first..first + (1 << node.level)).ok_or_else(|| damaged(start + 1))?;
            return Ok(perfect_root(leaves));
        }
        if let Some(hash) = self.nodes.get(&node) {
            return Ok(*hash);
        }
        let hash = if node.level == NODE_LEVEL {
            perfect_root(&self.range(node.index)?.hashes)
        } else {
            let [left, right] = node.children().ok_or_else(|| damaged(node.end()))?;
            self.fetch([left, right].into_iter())?;
            fold(&[self.node(left)?, self.node(right)?])
        };
        self.nodes.insert(node, hash);
        Ok(hash)
    }

    /// The leaves of one range of 1024 as far as it is sealed, compared with the seal at its end.
    fn range(&mut self, number: u64) -> Result<&Leaves, Problem> {
        if !self.ranges.contains_key(&number) {
            if self.ranges.len() == MAX_RANGES {
                let detail =
                    "this part of the log was sealed before subtree roots were kept; ask for other sizes";
                return Err(Problem::new(Code::ProofTooCostly, detail));
            }
            let start = number * SEAL_EVENTS;
            let end = (start + SEAL_EVENTS).min(self.sealed);
            let hashes = read(self.store, start, end)?;
            let before = seals::at(self.store, start)?;
            let link = (before.size() == start).then(|| before.chain_head());
            if link.is_some() {
                let mut state = State { accumulator: before, nodes: Vec::new() };
                hashes.iter().for_each(|leaf| state.push(*leaf));
                let sealed = seals::at(self.store, end)?;
                if sealed.size() == end && sealed != state.accumulator {
                    return Err(damaged(start + 1));
                }
            }
            self.ranges.insert(number, Leaves { hashes, link });
        }
        self.ranges.get(&number).ok_or_else(|| damaged(number * SEAL_EVENTS + 1))
    }
}
