//! What is new past a cursor.

use ramanujan_core::{AgentId, DocumentId, Problem};
use ramanujan_sync::change::Change;
use ramanujan_sync::interest::Shared;
use ramanujan_sync::message::Cursor;
use ramanujan_sync::range::Range;
use ramanujan_sync::store::Answer;

use super::super::database::Database;
use super::super::rows::bad;
use super::news::News;
use super::subject::Subject;

/// Deltas of a document that were stored while it was looked at, of which is said which they are; of more, all are named.
const LATE: u64 = 8192;

impl Database {
    pub(super) fn feed(
        &self,
        after: &Cursor,
        shared: &Shared,
        most: usize,
        budget: u32,
    ) -> Result<Answer, Problem> {
        let Some(start) = self.position_of(after)? else { return Ok(Answer::Stale) };
        let news = self.news(start, most.max(1), |document| shared.holds(document))?;
        let (subjects, mut looked) = self.subjects(&news.documents, budget)?;
        let (mut changes, mut weight) = (Vec::with_capacity(subjects.len()), 0);
        for subject in subjects {
            let document = subject.document.clone();
            let change = self.change(subject, start.deltas, &news)?;
            weight += change.weight();
            if weight > u64::from(budget) && !changes.is_empty() {
                looked = news.documents.iter().position(|one| *one == document).unwrap_or(looked);
                break;
            }
            changes.push(change);
        }
        let next = news.told(looked);
        let more = news.more || looked < news.documents.len();
        Ok(Answer::Feed { changes, next: self.cursor_at(next)?, more })
    }

    /// What is new of a document. Its heads are read after its news, and may come after those; the ranges lead to them.
    fn change(&self, subject: Subject, start: u64, news: &News) -> Result<Change, Problem> {
        if subject.log <= news.looked_to() {
            let ranges = news.ranges(&subject.document);
            let ranges = ranges.map(|(agent, (from, to))| Range::new(agent.clone(), from, to)).collect();
            return Ok(subject.into_change(ranges, false));
        }
        match self.ranges_between(&subject.document, start, subject.log)? {
            Some(ranges) => Ok(subject.into_change(ranges, false)),
            None => self.whole(subject),
        }
    }

    /// A document's deltas past a place in the log and up to another, unless they are many.
    fn ranges_between(
        &self,
        document: &DocumentId,
        after: u64,
        until: u64,
    ) -> Result<Option<Vec<Range>>, Problem> {
        let sql = "SELECT agent_id, MIN(seq), MAX(seq), SUM(COUNT(*)) OVER () FROM
            (SELECT agent_id, seq FROM crdt_deltas WHERE document_id = ?1 AND log > ?2 AND log <= ?3
                ORDER BY log LIMIT ?4)
            GROUP BY agent_id ORDER BY agent_id";
        let params = [document.as_str().into(), after.into(), until.into(), (LATE + 1).into()];
        let mut ranges = Vec::new();
        for row in self.0.execute(sql, params)? {
            if row.uint(3)? > LATE {
                return Ok(None);
            }
            let agent: AgentId = row.text(0)?.parse().map_err(|_| bad("agent_id"))?;
            ranges.push(Range::new(agent, row.uint(1)?, row.uint(2)?));
        }
        Ok(Some(ranges))
    }
}
