//! What the engine of sites asks (`crates/sync`), answered from the tables.
//!
//! The feed is three logs: of deltas, of deletion marks and of freezes; a cursor is a place in each (`cursor`), `news` finds the
//! documents that are in them past a place, `subject` what is said of a document, `feed` puts both together. `folds` keeps the
//! sums by which all documents are compared, `deltas` reads and stores what travels.

mod cursor;
mod deltas;
mod feed;
mod folds;
mod news;
mod subject;

use ramanujan_core::{Digest, DocumentId, Dot, Problem};
use ramanujan_sync::change::Freeze;
use ramanujan_sync::store::{Answer, Look, Question, Seen};

use super::database::Database;
use super::deletions::marks;
use super::rows::{bad, dot_list};
use crate::settings::MAX_DOCUMENT_FREEZES;

impl Database {
    /// The answer to a question of a site's engine.
    ///
    /// # Errors
    /// 503 if the store does not answer, 500 if it is damaged.
    pub(crate) fn answer(&self, question: Question) -> Result<Answer, Problem> {
        Ok(match question {
            Question::Feed { after, shared, most, budget } => self.feed(&after, &shared, most, budget)?,
            Question::Folds { shared, places } => {
                let (folds, end) = self.folds(&shared, &places)?;
                Answer::Folds { folds, end }
            }
            Question::List { shared, places } => Answer::List(self.listed(&shared, &places)?),
            Question::States(documents) => self.states(&documents)?,
            Question::Look(looks) => {
                Answer::Seen(looks.iter().map(|look| self.look(look)).collect::<Result<_, _>>()?)
            }
            Question::Read { wants, budget } => Answer::Read(self.read_wanted(&wants, budget)?),
            Question::Append(packs) => {
                let append = |pack| self.append(pack);
                Answer::Appended(packs.into_iter().map(append).collect::<Result<_, _>>()?)
            }
            Question::Mark(marks) => {
                for (document, marks) in &marks {
                    self.raise_marks(document, *marks)?;
                }
                Answer::Done
            }
            Question::Freezes { document, after, most } => {
                let (freezes, more) = self.sealed_freezes(&document, after, most)?;
                Answer::Freezes { freezes, more }
            }
            Question::Freeze { document, freezes } => {
                self.prepare(document.as_str())?;
                for freeze in &self.freezes_lacked(&document, freezes)? {
                    // Who names one that does not follow is not believed the others.
                    if !self.adopt_freeze(&document, freeze)? {
                        break;
                    }
                }
                Answer::Done
            }
        })
    }

    fn look(&self, look: &Look) -> Result<Seen, Problem> {
        let id = look.document.as_str();
        self.prepare(id)?;
        let sql =
            concat!("SELECT (SELECT crdt_type FROM crdt_documents WHERE document_id = ?1), ", marks!("?1"));
        let rows = self.0.execute(sql, [id.into()])?;
        let row = rows.first().ok_or_else(|| bad("document"))?;
        let crdt_type = match row.is_null(0) {
            true => None,
            false => Some(row.text(0)?.parse().map_err(|_| bad("crdt_type"))?),
        };
        let mut held = vec![0; look.agents.len()];
        if !look.agents.is_empty() {
            let sql = "SELECT n.key, a.seq FROM json_each(?2) n CROSS JOIN crdt_agents a
                ON a.document_id = ?1 AND a.agent_id = n.value";
            let agents = serde_json::to_string(&look.agents)?;
            for row in self.0.execute(sql, [id.into(), agents.into()])? {
                if let Some(held) = held.get_mut(row.uint(0)? as usize) {
                    *held = row.uint(1)?;
                }
            }
        }
        let freezes = self.freeze_fold(id)?;
        Ok(Seen {
            crdt_type,
            held,
            hashes: self.hashes_of(id, &look.dots)?,
            marks: row.uint(1)?,
            freezes: subject::sum_of(&freezes),
        })
    }

    /// The hashes of those of these deltas that are stored.
    fn hashes_of(&self, document: &str, dots: &[Dot]) -> Result<Vec<Option<Digest>>, Problem> {
        let mut hashes = vec![None; dots.len()];
        if dots.is_empty() {
            return Ok(hashes);
        }
        let sql = "SELECT n.key, d.hash FROM json_each(?2) n CROSS JOIN crdt_deltas d
            ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1";
        let list = dot_list(dots.iter().map(|dot| (dot.agent.as_str(), dot.seq)))?;
        for row in self.0.execute(sql, [document.into(), list.into()])? {
            if let Some(hash) = hashes.get_mut(row.uint(0)? as usize) {
                *hash = Some(Digest(row.blob(1)?.try_into().map_err(|_| bad("hash"))?));
            }
        }
        Ok(hashes)
    }

    /// Those of these freezes that are not here, as many as there is room for.
    fn freezes_lacked(&self, document: &DocumentId, freezes: Vec<Freeze>) -> Result<Vec<Freeze>, Problem> {
        let ids: Vec<Digest> = freezes.iter().map(|freeze| freeze.id(document)).collect();
        let sql =
            "SELECT n.key, (SELECT COUNT(*) FROM crdt_freezes WHERE document_id = ?1) FROM json_each(?2) n
            WHERE NOT EXISTS (SELECT 1 FROM crdt_freezes f
                WHERE f.document_id = ?1 AND f.snapshot_id = unhex(n.value))";
        let rows = self.0.execute(sql, [document.as_str().into(), serde_json::to_string(&ids)?.into()])?;
        let mut lacked = Vec::new();
        for row in &rows {
            let room = MAX_DOCUMENT_FREEZES.read()?.saturating_sub(row.uint(1)?);
            if lacked.len() as u64 >= room {
                break;
            }
            lacked.extend(freezes.get(row.uint(0)? as usize).cloned());
        }
        Ok(lacked)
    }

    /// Freezes past an id, in the order of ids, of those whose id follows from what they hold; and whether there are more.
    fn sealed_freezes(
        &self,
        document: &DocumentId,
        after: Option<Digest>,
        most: usize,
    ) -> Result<(Vec<Freeze>, bool), Problem> {
        self.prepare(document.as_str())?;
        let sql = "SELECT snapshot_id, parent, heads, digest, agent_id, frozen FROM crdt_freezes
            WHERE document_id = ?1 AND snapshot_id > ?2 AND heads IS NOT NULL ORDER BY snapshot_id LIMIT ?3";
        let (mut after, mut freezes) = (after.map_or(Vec::new(), |id| id.as_bytes().to_vec()), Vec::new());
        loop {
            let limit = (most + 1 - freezes.len()) as u64;
            let rows = self.0.execute(sql, [document.as_str().into(), after.into(), limit.into()])?;
            for row in &rows {
                let freeze = subject::read_freeze(row)?;
                if freeze.id(document).as_bytes() == row.blob(0)? {
                    freezes.push(freeze);
                }
            }
            match rows.last() {
                Some(last) if rows.len() as u64 == limit && freezes.len() <= most => {
                    after = last.blob(0)?.to_vec();
                }
                _ => break,
            }
        }
        let more = freezes.len() > most;
        freezes.truncate(most);
        Ok((freezes, more))
    }
}
