//! The sums by which two sites compare all documents, kept up to date when they are asked for.
//!
//! Documents lie at places by the hash of their ids. `crdt_folds` has the leaf of each, and for spans of places that share
//! their first digits the number of documents and the sum of their leaves; and the place in the feed up to which that holds. What
//! is behind it is added in steps, each one statement, that is carried out only if nobody else did it meanwhile.

use std::collections::BTreeMap;

use ramanujan_core::{Code, Digest, DocumentId, Problem};
use ramanujan_sync::fold::{Fold, Places, place_of};
use ramanujan_sync::interest::Shared;
use ramanujan_sync::limits::{BUDGET, MAX_LISTED};
use ramanujan_sync::message::Cursor;
use ramanujan_sync::pack::Blob;

use super::super::database::Database;
use super::super::rows::bad;
use super::cursor::Position;

/// Level of the leaves: all digits of a place.
const LEAVES: u8 = 16;
/// Deepest level of sums: 65,536 spans, so that a million documents come to 15 in each, about as many as are listed.
const DEEPEST: u8 = 4;
/// Documents that are added at a time.
const STEP: usize = 1024;
/// Steps of one question; who asks again goes on from there.
const STEPS: usize = 64;
/// Spans that are added up at a time.
const SPANS: usize = 256;
/// Leaves that are read at a time.
const ROWS: u64 = 8192;

/// A span of places with the same first digits: how many, and the first of them.
type Node = (u8, u64);

/// As the table has it: ordered like the place.
fn signed(place: u64) -> i64 {
    (place ^ (1 << 63)) as i64
}

fn size_of(level: u8) -> u128 {
    1 << (64 - 4 * u32::from(level))
}

/// The nodes that make up a span, and what of it is less than a deepest one.
fn cover(places: Places, (level, first): Node, nodes: &mut Vec<Node>, parts: &mut Vec<Places>) {
    let size = size_of(level);
    let last = (u128::from(first) + size - 1) as u64;
    if places.to < first || places.from > last {
        return;
    }
    if places.from <= first && last <= places.to {
        nodes.push((level, first));
    } else if level == DEEPEST {
        parts.push(Places { from: places.from.max(first), to: places.to.min(last) });
    } else {
        let step = (size / 16) as u64;
        (0..16).for_each(|nth| cover(places, (level + 1, first + nth * step), nodes, parts));
    }
}

/// The node of a level that a place is in.
fn node_of(place: u64, level: u8) -> Node {
    let rest = size_of(level) - 1;
    (level, (u128::from(place) & !rest) as u64)
}

/// Spans as few that do not overlap: what lies between two of them is not read.
fn runs(places: &[Places]) -> Vec<Places> {
    let mut sorted = places.to_vec();
    sorted.sort_unstable();
    let mut runs: Vec<Places> = Vec::new();
    for next in sorted {
        match runs.last_mut() {
            Some(last) if next.from <= last.to.saturating_add(1) => last.to = last.to.max(next.to),
            _ => runs.push(next),
        }
    }
    runs
}

fn add(fold: &mut Fold, other: Fold) {
    let Fold { count, sum } = other;
    fold.add(&Digest(sum));
    fold.count += count - 1;
}

impl Database {
    /// Sums of spans, and the place in the feed at which they held.
    pub(super) fn folds(&self, shared: &Shared, places: &[Places]) -> Result<(Vec<Fold>, Cursor), Problem> {
        let end = self.keep_folds()?;
        let folds = if shared.ours.0.is_empty() && shared.theirs.0.is_empty() {
            let mut folds = Vec::with_capacity(places.len());
            for places in places.chunks(SPANS) {
                folds.extend(self.sums(places)?);
            }
            folds
        } else {
            let mut folds = vec![Fold::default(); places.len()];
            self.each_held(shared, places, |nth, _, leaf| folds[nth].add(leaf))?;
            folds
        };
        Ok((folds, end))
    }

    /// Documents of spans, with the first eight bytes of their leaves.
    pub(super) fn listed(
        &self,
        shared: &Shared,
        places: &[Places],
    ) -> Result<Vec<Vec<(DocumentId, u64)>>, Problem> {
        self.keep_folds()?;
        let mut lists = vec![Vec::new(); places.len()];
        self.each_held(shared, places, |nth, document, Digest(leaf)| {
            if lists[nth].len() < MAX_LISTED {
                let short = leaf.first_chunk().copied().map_or(0, u64::from_be_bytes);
                lists[nth].push((document.clone(), short));
            }
        })?;
        Ok(lists)
    }

    /// Goes through the documents of interest in spans, with the number of each span that one is in.
    fn each_held(
        &self,
        shared: &Shared,
        places: &[Places],
        mut take: impl FnMut(usize, &DocumentId, &Digest),
    ) -> Result<(), Problem> {
        for run in runs(places) {
            let of: Vec<usize> = (0..places.len()).filter(|nth| run.holds(places[*nth].from)).collect();
            self.each_leaf(run, |place, document, leaf| {
                if shared.holds(document) {
                    let held = of.iter().filter(|nth| places[**nth].holds(place));
                    held.for_each(|nth| take(*nth, document, &leaf));
                }
            })?;
        }
        Ok(())
    }

    fn sums(&self, places: &[Places]) -> Result<Vec<Fold>, Problem> {
        let (mut nodes, mut of, mut parts, mut part_of) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (nth, span) in places.iter().enumerate() {
            cover(*span, (0, 0), &mut nodes, &mut parts);
            of.resize(nodes.len(), nth);
            part_of.resize(parts.len(), nth);
        }
        let mut folds = vec![Fold::default(); places.len()];
        for (nth, fold) in self.nodes(&nodes)? {
            add(&mut folds[of[nth]], fold);
        }
        for (part, nth) in parts.into_iter().zip(part_of) {
            self.each_leaf(part, |_, _, leaf| folds[nth].add(&leaf))?;
        }
        Ok(folds)
    }

    /// The sums of those nodes that have documents.
    fn nodes(&self, nodes: &[Node]) -> Result<Vec<(usize, Fold)>, Problem> {
        let sql = "SELECT n.key, f.documents, f.sum FROM json_each(?1) n CROSS JOIN crdt_folds f
            ON f.level = n.value->>0 AND f.place = n.value->>1 AND f.document_id = ''";
        let list: Vec<(u8, i64)> = nodes.iter().map(|(level, first)| (*level, signed(*first))).collect();
        let read = |row: &ramanujan_shell::Row| {
            let sum = row.blob(2)?.try_into().map_err(|_| bad("sum"))?;
            Ok((row.uint(0)? as usize, Fold { count: row.uint(1)?, sum }))
        };
        self.0.execute(sql, [serde_json::to_string(&list)?.into()])?.iter().map(read).collect()
    }

    /// Goes through the documents at these places.
    fn each_leaf(
        &self,
        Places { from, to }: Places,
        mut take: impl FnMut(u64, &DocumentId, Digest),
    ) -> Result<(), Problem> {
        let sql = "SELECT place, document_id, sum FROM crdt_folds
            WHERE level = ?1 AND place <= ?3 AND (place, document_id) > (?2, ?4)
            ORDER BY place, document_id LIMIT ?5";
        let (mut after, mut name) = (signed(from), String::new());
        loop {
            let level = u64::from(LEAVES);
            let params = [level.into(), after.into(), signed(to).into(), name.into(), ROWS.into()];
            let rows = self.0.execute(sql, params)?;
            for row in &rows {
                let document: DocumentId = row.text(1)?.parse().map_err(|_| bad("document_id"))?;
                let leaf = Digest(row.blob(2)?.try_into().map_err(|_| bad("leaf"))?);
                take((row.int(0)? as u64) ^ (1 << 63), &document, leaf);
            }
            match rows.last() {
                Some(last) if rows.len() as u64 == ROWS => {
                    (after, name) = (last.int(0)?, last.text(1)?.to_owned());
                }
                _ => return Ok(()),
            }
        }
    }

    /// Brings the sums up to date, and says to which place in the feed that is.
    ///
    /// # Errors
    /// 503 `too-much-contention` if there is so much to add that another question has to go on; what was done stays.
    fn keep_folds(&self) -> Result<Cursor, Problem> {
        let sql = "SELECT sum FROM crdt_folds WHERE level = -1";
        for _ in 0..STEPS {
            let kept = match self.0.execute(sql, [])?.first() {
                Some(row) => Some(Blob(row.blob(0)?.to_vec())),
                None => None,
            };
            let start = match &kept {
                Some(cursor) => self.position_of(cursor)?,
                None => Some(Position::default()),
            };
            let Some(start) = start else {
                // What stood there was taken out while somebody made them: they are made anew.
                self.0.execute("DELETE FROM crdt_folds", [])?;
                continue;
            };
            let news = self.news(start, STEP, |_| true)?;
            if news.documents.is_empty() && news.told(0) == start {
                return Ok(kept.unwrap_or_default());
            }
            self.add_news(&news, kept)?;
        }
        let detail = "the sums of the documents are being made: ask again to go on";
        Err(Problem::new(Code::TooMuchContention, detail))
    }

    fn add_news(&self, news: &super::news::News, kept: Option<Cursor>) -> Result<(), Problem> {
        let (subjects, looked) = self.subjects(&news.documents, BUDGET)?;
        let leaves: Vec<(u64, &DocumentId, Digest)> = subjects
            .iter()
            .map(|subject| (place_of(&subject.document), &subject.document, subject.leaf()))
            .collect();
        let before = self.leaves_of(&leaves)?;
        let mut changed: BTreeMap<Node, Fold> = BTreeMap::new();
        let nodes_of = |place: u64| (0..=DEEPEST).map(move |level| node_of(place, level));
        let touched: Vec<Node> = {
            let mut all: Vec<Node> = leaves.iter().flat_map(|(place, ..)| nodes_of(*place)).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        for (nth, fold) in self.nodes(&touched)? {
            changed.insert(touched[nth], fold);
        }
        let mut rows: Vec<(i8, i64, &str, u64, String)> = Vec::new();
        for (nth, (place, document, leaf)) in leaves.iter().enumerate() {
            for node in nodes_of(*place) {
                let fold = changed.entry(node).or_default();
                if let Some(before) = &before[nth] {
                    fold.remove(before);
                }
                fold.add(leaf);
            }
            rows.push((LEAVES as i8, signed(*place), document.as_str(), 1, leaf.to_string()));
        }
        for ((level, first), fold) in &changed {
            rows.push((*level as i8, signed(*first), "", fold.count, Digest(fold.sum).to_string()));
        }
        let end: String =
            self.cursor_at(news.told(looked))?.0.iter().map(|byte| format!("{byte:02X}")).collect();
        rows.push((-1, 0, "", 0, end));
        // Who was quicker has moved the place; then nothing is written, and the next step begins from there.
        let sql = "INSERT INTO crdt_folds (level, place, document_id, documents, sum)
            SELECT value->>0, value->>1, value->>2, value->>3, unhex(value->>4) FROM json_each(?1)
            WHERE (SELECT k.sum FROM crdt_folds k WHERE k.level = -1) IS ?2
            ON CONFLICT (level, place, document_id) DO UPDATE
                SET documents = excluded.documents, sum = excluded.sum";
        let kept = kept.map(|Blob(bytes)| bytes);
        self.0.execute(sql, [serde_json::to_string(&rows)?.into(), kept.into()])?;
        Ok(())
    }

    /// The leaves that documents had.
    fn leaves_of(&self, leaves: &[(u64, &DocumentId, Digest)]) -> Result<Vec<Option<Digest>>, Problem> {
        let list: Vec<(i64, &str)> =
            leaves.iter().map(|(place, document, _)| (signed(*place), document.as_str())).collect();
        let sql = "SELECT n.key, f.sum FROM json_each(?1) n CROSS JOIN crdt_folds f
            ON f.level = ?2 AND f.place = n.value->>0 AND f.document_id = n.value->>1";
        let mut before = vec![None; leaves.len()];
        let params = [serde_json::to_string(&list)?.into(), u64::from(LEAVES).into()];
        for row in self.0.execute(sql, params)? {
            if let Some(before) = before.get_mut(row.uint(0)? as usize) {
                *before = Some(Digest(row.blob(1)?.try_into().map_err(|_| bad("leaf"))?));
            }
        }
        Ok(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Each place of a span is in one node or one part, and no other place is.
        #[test]
        fn a_span_is_covered_once(one: u64, other: u64, near in any::<u16>(), probe: u64) {
            for places in [
                Places { from: one.min(other), to: one.max(other) },
                Places { from: one, to: one.saturating_add(u64::from(near) << 40) },
            ] {
                let (mut nodes, mut parts) = (Vec::new(), Vec::new());
                cover(places, (0, 0), &mut nodes, &mut parts);
                prop_assert!(nodes.len() <= 2 * 15 * usize::from(DEEPEST) && parts.len() <= 2);
                let probes = [probe, places.from, places.to, places.from.saturating_sub(1),
                    places.to.saturating_add(1), node_of(places.from, DEEPEST).1];
                for place in probes {
                    let in_nodes = nodes.iter().filter(|node| node_of(place, node.0) == **node).count();
                    let in_parts = parts.iter().filter(|part| part.holds(place)).count();
                    prop_assert_eq!(in_nodes + in_parts, usize::from(places.holds(place)));
                }
            }
        }

        /// Runs hold the places of the spans and no others, and do not touch each other.
        #[test]
        fn runs_hold_the_same_places(ends in prop::collection::vec((0u64..60, 0u64..9), 0..8), probe in 0u64..80) {
            let spans: Vec<Places> =
                ends.iter().map(|(from, length)| Places { from: *from, to: from + length }).collect();
            let runs = runs(&spans);
            let held = spans.iter().any(|span| span.holds(probe));
            prop_assert_eq!(runs.iter().filter(|run| run.holds(probe)).count(), usize::from(held));
            prop_assert!(runs.windows(2).all(|pair| pair[0].to + 1 < pair[1].from));
        }

        #[test]
        fn places_order_as_in_the_table(one: u64, other: u64) {
            prop_assert_eq!(one.cmp(&other), signed(one).cmp(&signed(other)));
        }
    }
}
