//! Deltas that are taken out of a document's history, because other sites hold others under their dots (`docs/sync.md`).
//!
//! They are kept beside it, and come back under other dots once what the others hold is here. Until then the document takes
//! nothing from clients: a number of theirs would be given twice again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ramanujan_core::{AgentId, Code, Digest, DocumentId, Dot, Problem, time};
use ramanujan_crdt::Delta;
use ramanujan_shell::page::Page;
use ramanujan_shell::{Row, now_millis};
use ramanujan_sync::pack::Blob;

use super::database::Database;
use super::rows::bad;
use crate::apply::operation::Operation;
use crate::fork::Fork;
use crate::settings::MAX_BATCH;

/// How often deltas are looked up again because the document was written to meanwhile.
const MAX_ROUNDS: usize = 20;
/// Deltas that are read at a time.
const ROWS: u64 = 1024;

/// A delta that was taken out.
#[derive(Debug)]
pub(crate) struct Withdrawn {
    pub(crate) place: u64,
    pub(crate) dot: Dot,
    pub(crate) digest: Digest,
    pub(crate) again: Dot,
    /// When that was, in milliseconds since 1970.
    pub(crate) made: u64,
    /// Whether the withdrawal that it belongs to is still under way.
    pub(crate) is_open: bool,
    /// Why what it belongs to did not come back.
    pub(crate) refused: Option<String>,
}

/// A withdrawal that is under way.
struct Open {
    id: u64,
    until: BTreeMap<AgentId, u64>,
    made: u64,
}

impl Database {
    /// Takes these deltas out, if they have these digests, and all that were made after them. `until` says up to which number
    /// agents are to be here again. If a withdrawal is under way it is left as it is.
    ///
    /// # Errors
    /// 503 if the store does not answer, or others write all the time.
    pub(crate) fn withdraw(
        &self,
        document: &DocumentId,
        named: &[(Dot, Digest)],
        until: &BTreeMap<AgentId, u64>,
    ) -> Result<(), Problem> {
        let id = document.as_str();
        for _ in 0..MAX_ROUNDS {
            // Before what is read: who takes some out meanwhile makes this number another.
            let rows = self.0.execute(
                "SELECT COUNT(*), COUNT(*) - COUNT(ended) FROM crdt_withdrawals WHERE document_id = ?1",
                [id.into()],
            )?;
            let row = rows.first().ok_or_else(|| bad("withdrawal"))?;
            let (times, is_open) = (row.uint(0)?, row.uint(1)? > 0);
            let Some(current) = self.current(id)?.filter(|_| !is_open) else { return Ok(()) };
            let (roots, low) = self.held(id, named)?;
            if roots.is_empty() {
                return Ok(());
            }
            let mut fork = Fork::at(roots);
            let (mut after, mut taken, mut agents) = (low.saturating_sub(1), Vec::new(), BTreeSet::new());
            loop {
                let Page { items, more } = self.deltas(id, after, current.log, ROWS)?;
                after = items.last().map_or(after, |last| last.log);
                for recorded in items {
                    let Delta { dot, parents, .. } = &recorded.delta;
                    let Some(again) = fork.take(dot, parents, &recorded.hash) else { continue };
                    agents.insert(dot.agent.clone());
                    let canonical = Blob(recorded.delta.canonical_bytes());
                    taken.push((dot.agent.clone(), dot.seq, canonical, again.to_string()));
                }
                if !more {
                    break;
                }
            }
            let until: BTreeMap<&AgentId, &u64> =
                until.iter().filter(|(agent, _)| agents.contains(*agent)).collect();
            let sql = "INSERT INTO crdt_withdrawals (document_id, low, high, rows, until, made)
                SELECT ?1, ?2, (SELECT MAX(log) FROM crdt_deltas), ?3, ?4, ?5
                WHERE (SELECT log FROM crdt_documents WHERE document_id = ?1) = ?6
                AND (SELECT COUNT(*) FROM crdt_withdrawals WHERE document_id = ?1) = ?7
                RETURNING id";
            let params = [
                id.into(),
                low.into(),
                serde_json::to_string(&taken)?.into(),
                serde_json::to_string(&until)?.into(),
                now_millis().into(),
                current.log.into(),
                times.into(),
            ];
            if !self.0.execute(sql, params)?.is_empty() {
                return Ok(());
            }
        }
        let detail = format!("{document} was written to every time: try again");
        Err(Problem::new(Code::TooMuchContention, detail))
    }

    /// Those of these deltas that are stored with these digests, and the log position of the first.
    fn held(&self, document: &str, named: &[(Dot, Digest)]) -> Result<(BTreeSet<Dot>, u64), Problem> {
        let sql = "SELECT log, digest FROM crdt_deltas WHERE document_id = ?1 AND agent_id = ?2 AND seq = ?3";
        let (mut held, mut low) = (BTreeSet::new(), u64::MAX);
        for (dot, digest) in named {
            let rows = self.0.execute(sql, [document.into(), dot.agent.as_str().into(), dot.seq.into()])?;
            if let Some(row) = rows.first()
                && row.blob(1)? == digest.as_bytes()
            {
                low = low.min(row.uint(0)?);
                held.insert(dot.clone());
            }
        }
        Ok((held, low))
    }

    fn open_withdrawal(&self, document: &str) -> Result<Option<Open>, Problem> {
        let sql = "SELECT id, until, made FROM crdt_withdrawals WHERE document_id = ?1 AND ended IS NULL";
        let read = |row: &Row| {
            let until = serde_json::from_str(row.text(1)?).map_err(|_| bad("withdrawal"))?;
            Ok(Open { id: row.uint(0)?, until, made: row.uint(2)? })
        };
        self.0.execute(sql, [document.into()])?.first().map(read).transpose()
    }

    /// # Errors
    /// 503 `not-ready` while a withdrawal is under way.
    pub(crate) fn refuse_unmended(&self, document: &DocumentId) -> Result<(), Problem> {
        let Some(open) = self.open_withdrawal(document.as_str())? else { return Ok(()) };
        let detail = format!(
            "operations of {document} were taken out at {} because other sites hold others of their numbers, and what \
             those hold is not all here yet; POST /sync/rollback goes on with it",
            time::format_rfc3339(open.made)
        );
        Err(Problem::new(Code::NotReady, detail))
    }

    /// Stores what was taken out under the new dots, if what the other sites hold is here; says which these are. Nothing to
    /// do is no error.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub(crate) fn bring_back(&self, document: &DocumentId) -> Result<Vec<Dot>, Problem> {
        let Some(open) = self.open_withdrawal(document.as_str())? else { return Ok(Vec::new()) };
        for (agent, until) in &open.until {
            if self.last_seq(document.as_str(), agent)? < *until {
                return Ok(Vec::new());
            }
        }
        let sql = "SELECT agent_id, seq, again FROM crdt_withdrawn WHERE withdrawal = ?1 ORDER BY id";
        let (mut dots, mut back) = (HashMap::new(), Vec::new());
        for row in self.0.execute(sql, [open.id.into()])? {
            let dot = Dot::new(row.text(0)?.parse().map_err(|_| bad("agent_id"))?, row.uint(1)?);
            let again: Dot = row.text(2)?.parse().map_err(|_| bad("dot"))?;
            back.push(again.clone());
            dots.insert(dot, again);
        }
        let refused = self.store_again(document, open.id, &Fork::of(dots))?;
        let sql = "UPDATE crdt_withdrawals SET ended = ?2, refused = ?3 WHERE id = ?1 AND ended IS NULL";
        self.0.execute(sql, [open.id.into(), now_millis().into(), refused.clone().into()])?;
        if refused.is_some() {
            // A beginning of them is there.
            let mut held = HashMap::new();
            for Dot { agent, .. } in &back {
                if !held.contains_key(agent) {
                    held.insert(agent.clone(), self.last_seq(document.as_str(), agent)?);
                }
            }
            back.retain(|dot| held.get(&dot.agent).is_some_and(|last| dot.seq <= *last));
        }
        Ok(back)
    }

    /// Why not all could be stored, if so: what is refused now is refused for good, and stays beside the history.
    fn store_again(
        &self,
        document: &DocumentId,
        withdrawal: u64,
        fork: &Fork,
    ) -> Result<Option<String>, Problem> {
        let sql =
            "SELECT id, canonical FROM crdt_withdrawn WHERE withdrawal = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
        let batch = MAX_BATCH.read()?.max(1) as u64;
        let mut after = 0;
        loop {
            let rows = self.0.execute(sql, [withdrawal.into(), after.into(), batch.into()])?;
            let mut operations = Vec::with_capacity(rows.len());
            for row in &rows {
                after = row.uint(0)?;
                let delta = Delta::from_canonical(row.blob(1)?).map_err(|_| bad("canonical form"))?;
                operations.push(Operation::of_delta(document.clone(), fork.renamed(delta)));
            }
            if operations.is_empty() {
                return Ok(None);
            }
            match self.apply_from_site(&operations, |_| Ok(())) {
                Ok(_) => {}
                Err((_, problem)) if problem.is_of_request() => {
                    return Ok(Some(problem.code.as_str().to_owned()));
                }
                Err((_, problem)) => return Err(problem),
            }
        }
    }

    /// Deltas of a document that were taken out, in the order in which they were; of a digest only those that have it.
    pub(crate) fn withdrawn(
        &self,
        document: &DocumentId,
        digest: Option<&Digest>,
        after: u64,
        limit: u64,
    ) -> Result<Page<Withdrawn>, Problem> {
        let sql = "SELECT n.id, n.agent_id, n.seq, n.digest, n.again, w.made, w.ended IS NULL, w.refused
            FROM crdt_withdrawn n JOIN crdt_withdrawals w ON w.id = n.withdrawal
            WHERE n.document_id = ?1 AND n.id > ?2 AND (?3 IS NULL OR n.digest = ?3) ORDER BY n.id LIMIT ?4";
        let digest = digest.map(|digest| digest.as_bytes().to_vec());
        let params = [document.as_str().into(), after.into(), digest.into(), (limit + 1).into()];
        let read = |row: &Row| {
            Ok(Withdrawn {
                place: row.uint(0)?,
                dot: Dot::new(row.text(1)?.parse().map_err(|_| bad("agent_id"))?, row.uint(2)?),
                digest: Digest(row.blob(3)?.try_into().map_err(|_| bad("digest"))?),
                again: row.text(4)?.parse().map_err(|_| bad("dot"))?,
                made: row.uint(5)?,
                is_open: row.uint(6)? == 1,
                refused: if row.is_null(7) { None } else { Some(row.text(7)?.to_owned()) },
            })
        };
        let mut items = self.0.execute(sql, params)?.iter().map(read).collect::<Result<Vec<_>, Problem>>()?;
        let more = items.len() as u64 > limit;
        items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(Page { items, more })
    }

    /// The canonical bytes of a delta that was taken out.
    pub(crate) fn withdrawn_bytes(&self, place: u64) -> Result<Option<Vec<u8>>, Problem> {
        let mut rows =
            self.0.execute("SELECT canonical FROM crdt_withdrawn WHERE id = ?1", [place.into()])?;
        rows.first_mut().map(|row| row.take_blob(0)).transpose()
    }

    /// Of what is to come back the newest number of each agent; `None` if no withdrawal is under way.
    pub(crate) fn coming_back(
        &self,
        document: &DocumentId,
    ) -> Result<Option<BTreeMap<AgentId, u64>>, Problem> {
        let Some(open) = self.open_withdrawal(document.as_str())? else { return Ok(None) };
        let mut newest: BTreeMap<AgentId, u64> = BTreeMap::new();
        let sql = "SELECT again FROM crdt_withdrawn WHERE withdrawal = ?1";
        for row in self.0.execute(sql, [open.id.into()])? {
            let Dot { agent, seq } = row.text(0)?.parse().map_err(|_| bad("dot"))?;
            let newest = newest.entry(agent).or_default();
            *newest = seq.max(*newest);
        }
        Ok(Some(newest))
    }
}
