//! What documents may grow to. The INSERT that stores a batch checks it, because others write meanwhile; what is here
//! says the same in parts, and finds out why a batch was not stored.
//!
//! How much a document holds is known as a bound from above: what it held when it was last measured, and the weights of
//! what was stored since. It is measured anew only when that bound forbids something.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::{Code, Dot, Problem};
use ramanujan_crdt::CrdtType;
use serde::Serialize;

use super::apply::Indexed;
use super::database::Database;
use crate::apply::check::Accepted;
use crate::apply::operation::Operation;
use crate::memo::tier1;
use crate::record::Recorded;
use crate::settings::{MAX_DOCUMENT_AGENTS, MAX_DOCUMENT_BYTES, MAX_DOCUMENTS};
use crate::weight;

/// What one document grows by in a batch.
#[derive(Clone, Default, Serialize)]
pub(super) struct Growth<'a> {
    /// Agents that have not written to it before.
    agents: u64,
    /// Bytes at most.
    bytes: u64,
    /// Whether the document holds what one delta set, whichever wins.
    alone: bool,
    /// What the batch has seen of the heads, if its last delta makes the document forget all that it has seen.
    seen: Option<&'a BTreeSet<Dot>>,
    /// Bytes of that delta.
    last: u64,
    /// Bytes that the document may hold beyond its bound.
    room: u64,
    /// Whether the batch leads back to what the document has shown before.
    #[serde(skip)]
    back: bool,
}

/// What a JSON document may hold with what is brought back, in halves of its bound: what was taken out of it leaves the order
/// of each list behind, and an operation weighs more than what it leaves.
const BACK_HALVES: u64 = 5;

impl<'a> Growth<'a> {
    /// What going back makes it grow by: nothing, if all that is there by then was seen and nothing of it stays.
    pub(super) fn back(back: bool) -> Self {
        Growth { back, ..Growth::default() }
    }

    /// Counts a delta in, and says what it weighs.
    pub(super) fn add(&mut self, record: &Recorded, seen: Option<&'a BTreeSet<Dot>>, bounds: &Bounds) -> u64 {
        let weight = weight::of_op(&record.delta.op);
        self.agents += u64::from(record.dot().seq == 1);
        self.bytes += weight;
        self.alone = record.crdt_type() == CrdtType::LwwRegister && !self.back;
        let leaves_orders = record.crdt_type() == CrdtType::Json;
        self.room = if self.back && leaves_orders { bounds.bytes / 2 * (BACK_HALVES - 2) } else { 0 };
        self.seen = match record.crdt_type() {
            CrdtType::MvRegister => seen,
            _ => seen.filter(|_| self.back && !leaves_orders),
        };
        self.last = if self.back { 0 } else { weight };
        weight
    }
}

/// Whether a document `d` would have more agents than the parameter says, with the growth `g`.
macro_rules! agents_exceeded {
    ($most:literal) => {
        concat!("(g.value->>'agents' > 0 AND COALESCE(d.agents, 0) + (g.value->>'agents') > ", $most, ")")
    };
}

/// Whether a document `d` would hold more bytes than the parameter says, with the growth `g`; so it is said of one that
/// nobody has measured.
macro_rules! bytes_exceeded {
    ($most:literal) => {
        concat!(
            "(g.value->>'bytes' > 0 AND CASE
                WHEN g.value->>'alone' OR g.value->>'seen' IS NOT NULL
                    AND (SELECT COUNT(*) FROM crdt_heads h WHERE h.document_id = g.key)
                    = (SELECT COUNT(*) FROM json_each(g.value->'seen') s CROSS JOIN crdt_heads h
                        ON h.document_id = g.key AND h.dot = s.value)
                    THEN g.value->>'last' > ",
            $most,
            "
                WHEN d.document_id IS NULL THEN g.value->>'bytes' > ",
            $most,
            "
                ELSE COALESCE(d.measured + d.written - d.measured_at + (g.value->>'bytes') - (g.value->>'room') > ",
            $most,
            ", 1) END)"
        )
    };
}

/// Whether there would be more documents than the second parameter says, with those that the first names.
macro_rules! documents_exceeded {
    ($growth:literal, $most:literal) => {
        concat!(
            "(SELECT COUNT(*) > 0 AND COUNT(*) + COALESCE((SELECT t.documents FROM crdt_totals t),
                    (SELECT COUNT(*) FROM crdt_documents)) > ",
            $most,
            " FROM json_each(",
            $growth,
            ") n WHERE NOT EXISTS (SELECT 1 FROM crdt_documents e WHERE e.document_id = n.key))"
        )
    };
}

pub(super) use {agents_exceeded, bytes_exceeded, documents_exceeded};

const EXCEEDED: &str = concat!(
    "SELECT g.key, ",
    agents_exceeded!("?2"),
    ", ",
    bytes_exceeded!("?3"),
    ", d.document_id IS NULL AND ",
    documents_exceeded!("?1", "?4"),
    ", COALESCE(d.measured_log < d.log OR d.measured IS NULL, 0), COALESCE(d.measured, 0)
    FROM json_each(?1) g LEFT JOIN crdt_documents d ON d.document_id = g.key"
);

/// The variables.
pub(super) struct Bounds {
    pub(super) agents: u64,
    pub(super) bytes: u64,
    pub(super) documents: u64,
}

impl Bounds {
    /// # Errors
    /// 500 `invalid-setting`.
    pub(super) fn read() -> Result<Self, Problem> {
        Ok(Bounds {
            agents: MAX_DOCUMENT_AGENTS.read()?,
            bytes: MAX_DOCUMENT_BYTES.read()?,
            documents: MAX_DOCUMENTS.read()?,
        })
    }
}

impl Database {
    /// Refuses a batch that was not stored if it makes something grow beyond a bound. What was not measured since it was
    /// last written to is measured first, and the batch may be stored after all.
    pub(super) fn refuse_beyond(
        &self,
        operations: &[Operation],
        accepted: &[Accepted],
        back: bool,
    ) -> Result<(), Indexed> {
        let new = || {
            let all = operations.iter().zip(accepted).enumerate();
            all.filter(|(_, (_, accepted))| !accepted.duplicate)
        };
        let bounds = Bounds::read().map_err(|problem| (None, problem))?;
        let mut growth: BTreeMap<&str, Growth<'_>> = BTreeMap::new();
        for (_, (operation, Accepted { record, seen, .. })) in new() {
            let growth = growth.entry(operation.document.as_str()).or_insert_with(|| Growth::back(back));
            growth.add(record, seen.as_deref(), &bounds);
        }
        let exceeded = self.exceeded(&growth, &bounds).map_err(|problem| (None, problem))?;
        let Some((document, code, held)) = exceeded else { return Ok(()) };
        let Growth { agents, bytes, .. } = growth.get(document.as_str()).cloned().unwrap_or_default();
        let (detail, limit, adds): (_, _, fn(&Recorded) -> bool) = match code {
            Code::TooManyDocumentAgents => (
                format!(
                    "{agents} more agents would write to {document}; MAX_DOCUMENT_AGENTS is {}",
                    bounds.agents
                ),
                bounds.agents,
                |record| record.dot().seq == 1,
            ),
            Code::TooManyDocuments => (
                format!("{document} would be one too many; MAX_DOCUMENTS is {}", bounds.documents),
                bounds.documents,
                |_| true,
            ),
            _ => (
                format!(
                    "{document} holds {held} bytes, and up to {bytes} would be added; MAX_DOCUMENT_BYTES is {}",
                    bounds.bytes
                ),
                bounds.bytes,
                |record| weight::of_op(&record.delta.op) > 0,
            ),
        };
        let first = new().find(|(_, (operation, accepted))| {
            operation.document.as_str() == document && adds(&accepted.record)
        });
        Err((first.map(|(index, _)| index), Problem::new(code, detail).with("limit", limit)))
    }

    /// Which bound the first document exceeds that exceeds one, and what it holds.
    fn exceeded(
        &self,
        growth: &BTreeMap<&str, Growth<'_>>,
        bounds: &Bounds,
    ) -> Result<Option<(String, Code, u64)>, Problem> {
        let params = [
            serde_json::to_string(growth)?.into(),
            bounds.agents.into(),
            bounds.bytes.into(),
            bounds.documents.into(),
        ];
        for mut row in self.0.execute(EXCEEDED, params)? {
            let document = row.take_text(0)?;
            if row.uint(1)? == 1 {
                return Ok(Some((document, Code::TooManyDocumentAgents, 0)));
            }
            if row.uint(3)? == 1 {
                return Ok(Some((document, Code::TooManyDocuments, 0)));
            }
            if row.uint(2)? == 1 {
                let mut held = row.uint(5)?;
                if row.uint(4)? == 1 {
                    held = self.measure(&document)?;
                    let (added, room) =
                        growth.get(document.as_str()).map_or((0, 0), |growth| (growth.bytes, growth.room));
                    if held.saturating_add(added) <= bounds.bytes.saturating_add(room) {
                        continue;
                    }
                }
                return Ok(Some((document, Code::DocumentTooLarge, held)));
            }
        }
        Ok(None)
    }

    /// Measures a document and writes down how many bytes it holds.
    fn measure(&self, document: &str) -> Result<u64, Problem> {
        // Before the version: what is written meanwhile counts twice then, not never.
        let sql = "SELECT written FROM crdt_documents WHERE document_id = ?1";
        let written = match self.0.execute(sql, [document.into()])?.first() {
            Some(row) => row.uint(0)?,
            None => 0,
        };
        let Some(version) = self.current(document)? else { return Ok(0) };
        tier1::make_room();
        let held = weight::of_content(&self.materialise(document, &version, tier1::base(document))?.content);
        let sql = "UPDATE crdt_documents SET measured = ?2, measured_at = ?3, measured_log = ?4
            WHERE document_id = ?1 AND measured_log < ?4";
        self.0.execute(sql, [document.into(), held.into(), written.into(), version.log.into()])?;
        Ok(held)
    }
}
