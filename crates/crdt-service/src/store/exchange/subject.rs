//! What is said of documents: their heads with their hashes, their marks, their freezes.

use ramanujan_core::{AgentId, Digest, DocumentId, Dot, Problem};
use ramanujan_crdt::{CrdtType, StateDigest};
use ramanujan_shell::Row;
use ramanujan_sync::change::{Change, Freeze, FreezeSum};
use ramanujan_sync::fold::{Fold, leaf_of};
use ramanujan_sync::limits::BUDGET;
use ramanujan_sync::range::Range;
use ramanujan_sync::store::Answer;

use super::super::database::Database;
use super::super::deletions::marks;
use super::super::rows::bad;

/// Bytes that a head takes, roughly.
const HEAD_BYTES: u64 = 80;

/// A document without its deltas.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) document: DocumentId,
    pub(super) crdt_type: CrdtType,
    heads: Vec<(Dot, Digest)>,
    /// Place of its newest delta.
    pub(super) log: u64,
    marks: u64,
    freezes: Fold,
}

impl Subject {
    /// As a change with these ranges.
    pub(super) fn into_change(self, ranges: Vec<Range>, whole: bool) -> Change {
        Change {
            document: self.document,
            crdt_type: self.crdt_type,
            heads: self.heads,
            ranges,
            whole,
            marks: self.marks,
            freezes: sum_of(&self.freezes),
        }
    }

    /// What is compared of it.
    pub(super) fn leaf(&self) -> Digest {
        let state = StateDigest::of(self.crdt_type, self.heads.iter().cloned());
        leaf_of(&self.document, &state.digest(), self.marks, &self.freezes)
    }
}

pub(super) fn sum_of(freezes: &Fold) -> FreezeSum {
    FreezeSum { count: freezes.count, print: freezes.print() }
}

/// Reads `snapshot_id, parent, heads, digest, agent_id, frozen`.
pub(super) fn read_freeze(row: &Row) -> Result<Freeze, Problem> {
    Ok(Freeze {
        parent: Digest(row.blob(1)?.try_into().map_err(|_| bad("parent"))?),
        heads: serde_json::from_str(row.text(2)?).map_err(|_| bad("heads"))?,
        digest: Digest(row.blob(3)?.try_into().map_err(|_| bad("digest"))?),
        agent: match row.is_null(4) {
            true => None,
            false => Some(row.text(4)?.parse().map_err(|_| bad("agent_id"))?),
        },
        frozen: row.uint(5)?,
    })
}

/// What is known of a document before its heads are read.
struct Outside {
    place: usize,
    heads: u64,
    marks: u64,
    freezes: bool,
}

impl Database {
    /// Whole documents, as many as come to the budget of a message.
    pub(super) fn states(&self, documents: &[DocumentId]) -> Result<Answer, Problem> {
        let (subjects, looked) = self.subjects(documents, BUDGET)?;
        let (mut changes, mut weight) = (Vec::with_capacity(subjects.len()), 0);
        for subject in subjects {
            if weight > u64::from(BUDGET) {
                let place = documents.iter().position(|one| *one == subject.document).unwrap_or(looked);
                return Ok(Answer::States { changes, rest: documents[place..].to_vec() });
            }
            let change = self.whole(subject)?;
            weight += change.weight();
            changes.push(change);
        }
        Ok(Answer::States { changes, rest: documents[looked..].to_vec() })
    }

    /// A document with all its deltas.
    pub(super) fn whole(&self, subject: Subject) -> Result<Change, Problem> {
        let sql = "SELECT agent_id, seq FROM crdt_agents WHERE document_id = ?1 ORDER BY agent_id";
        let rows = self.0.execute(sql, [subject.document.as_str().into()])?;
        let mut ranges = Vec::with_capacity(rows.len());
        for row in &rows {
            let agent: AgentId = row.text(0)?.parse().map_err(|_| bad("agent_id"))?;
            ranges.push(Range::new(agent, 1, row.uint(1)?));
        }
        Ok(subject.into_change(ranges, true))
    }

    /// Those of these documents that are there, of the first that come to so many bytes, one at least; and how many these
    /// are.
    pub(super) fn subjects(
        &self,
        documents: &[DocumentId],
        budget: u32,
    ) -> Result<(Vec<Subject>, usize), Problem> {
        let (outside, looked) = self.outside(documents, u64::from(budget))?;
        let sql = "SELECT n.key, d.crdt_type, d.log, h.agent_id, h.seq, h.hash
            FROM json_each(?1) n CROSS JOIN crdt_documents d ON d.document_id = n.value
            CROSS JOIN crdt_heads h ON h.document_id = n.value ORDER BY n.key";
        let names: Vec<&str> = outside.iter().map(|one| documents[one.place].as_str()).collect();
        let mut subjects: Vec<Subject> = Vec::with_capacity(outside.len());
        let mut of = None;
        for row in self.0.execute(sql, [serde_json::to_string(&names)?.into()])? {
            let nth = row.uint(0)? as usize;
            let outside = outside.get(nth).ok_or_else(|| bad("document"))?;
            if of != Some(nth) {
                let document = documents[outside.place].clone();
                let crdt_type = row.text(1)?.parse().map_err(|_| bad("crdt_type"))?;
                let freezes = match outside.freezes {
                    true => self.freeze_fold(document.as_str())?,
                    false => Fold::default(),
                };
                let (log, marks) = (row.uint(2)?, outside.marks);
                subjects.push(Subject { document, crdt_type, heads: Vec::new(), log, marks, freezes });
                of = Some(nth);
            }
            let agent: AgentId = row.text(3)?.parse().map_err(|_| bad("agent_id"))?;
            let hash = Digest(row.blob(5)?.try_into().map_err(|_| bad("hash"))?);
            if let Some(subject) = subjects.last_mut() {
                subject.heads.push((Dot::new(agent, row.uint(4)?), hash));
            }
        }
        subjects.iter_mut().for_each(|subject| subject.heads.sort_unstable());
        Ok((subjects, looked))
    }

    /// What is outside of those of these documents that are there, of the first whose heads come to so many bytes; and how
    /// many these are. Documents of older revisions are brought up to date.
    fn outside(&self, documents: &[DocumentId], budget: u64) -> Result<(Vec<Outside>, usize), Problem> {
        let sql = concat!(
            "SELECT n.key, EXISTS (SELECT 1 FROM crdt_documents d WHERE d.document_id = n.value),
                (SELECT COUNT(*) FROM crdt_heads h WHERE h.document_id = n.value), ",
            marks!("n.value"),
            ", EXISTS (SELECT 1 FROM crdt_freezes f WHERE f.document_id = n.value)
            FROM json_each(?1) n ORDER BY n.key"
        );
        let read = |row: &Row, at: usize| -> Result<(bool, Outside), Problem> {
            let (heads, marks, freezes) = (row.uint(2)?, row.uint(3)?, row.uint(4)? == 1);
            Ok((row.uint(1)? == 1, Outside { place: at, heads, marks, freezes }))
        };
        let (mut found, mut bytes) = (Vec::with_capacity(documents.len()), 0);
        let rows = self.0.execute(sql, [serde_json::to_string(documents)?.into()])?;
        for (at, row) in rows.iter().enumerate() {
            let (mut is_there, mut outside) = read(row, at)?;
            if !is_there && self.upgrade(documents[at].as_str())? {
                let again = self.0.execute(sql, [serde_json::to_string(&documents[at..=at])?.into()])?;
                (is_there, outside) = again.first().map_or(Ok((false, outside)), |row| read(row, at))?;
            }
            if !is_there {
                continue;
            }
            bytes += HEAD_BYTES * outside.heads.max(1);
            if bytes > budget && !found.is_empty() {
                return Ok((found, at));
            }
            found.push(outside);
        }
        Ok((found, documents.len()))
    }

    /// The ids of a document's freezes, of those whose id follows from what they hold: in rows of older revisions it may
    /// not.
    pub(super) fn freeze_fold(&self, document: &str) -> Result<Fold, Problem> {
        let sql = "SELECT snapshot_id, CASE WHEN sealed IS NULL THEN parent END,
                CASE WHEN sealed IS NULL THEN heads END, digest, agent_id, frozen
            FROM crdt_freezes WHERE document_id = ?1 AND heads IS NOT NULL";
        let mut fold = Fold::default();
        for row in self.0.execute(sql, [document.into()])? {
            let id = Digest(row.blob(0)?.try_into().map_err(|_| bad("snapshot_id"))?);
            let is_sealed = row.is_null(1) || {
                let named: DocumentId = document.parse().map_err(|_| bad("document_id"))?;
                read_freeze(&row)?.id(&named) == id
            };
            if is_sealed {
                fold.add(&id);
            }
        }
        Ok(fold)
    }
}
