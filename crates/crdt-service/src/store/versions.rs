//! Finding versions of documents, and the deltas that lie between two of them.

use ramanujan_core::{Code, DocumentId, Problem, VectorClock};

use super::database::Database;
use super::rows::{COLUMNS, dot_list};
use crate::record::Recorded;
use crate::version::{At, Version};

/// Names the agents of document `?1` as `agents(id)`, the last one NULL. The walk skips from agent to agent through the
/// index by dots, so it costs O(agents · log deltas).
const AGENTS: &str = "WITH RECURSIVE agents(id) AS (
    SELECT MIN(agent_id) FROM crdt_deltas WHERE document_id = ?1
    UNION ALL
    SELECT (SELECT MIN(n.agent_id) FROM crdt_deltas n WHERE n.document_id = ?1 AND n.agent_id > agents.id)
    FROM agents WHERE agents.id IS NOT NULL
)";

/// The 404 of a document without deltas.
pub(crate) fn missing(document: &DocumentId) -> Problem {
    Problem::new(Code::NoSuchDocument, format!("{document} has no operations; POST one to /crdt/apply"))
}

impl Database {
    /// The current version, `None` without deltas.
    pub(crate) fn current(&self, document: &str) -> Result<Option<Version>, Problem> {
        Ok(Version::of(self.newest_until(document, u64::MAX)?, true))
    }

    /// The version of `document` that `at` names.
    ///
    /// # Errors
    /// 404 if the document had no deltas then; 422 if a version vector names no version of it.
    pub(crate) fn version(&self, document: &DocumentId, at: &At) -> Result<Version, Problem> {
        let id = document.as_str();
        let version = match at {
            At::Now => self.current(id)?,
            At::Log(log) => Version::of(self.newest_until(id, *log)?, true),
            At::Time(millis) => {
                // Walks back from the newest delta: positions are in order of arrival, as times are but for clock steps.
                let sql = "SELECT log FROM crdt_deltas WHERE document_id = ?1 AND received <= ?2
                     ORDER BY log DESC LIMIT 1";
                match self.0.execute(sql, [id.into(), (*millis).into()])?.first() {
                    Some(row) => Version::of(self.newest_until(id, row.uint(0)?)?, true),
                    None => None,
                }
            }
            At::Clock(clock) => self.by_clock(document, clock)?,
        };
        version.ok_or_else(|| match at {
            At::Now => missing(document),
            _ => Problem::new(Code::NoSuchVersion, format!("{document} had no operations then")),
        })
    }

    fn by_clock(&self, document: &DocumentId, clock: &VectorClock) -> Result<Option<Version>, Problem> {
        let sql = format!(
            "SELECT {COLUMNS} FROM json_each(?2) n CROSS JOIN crdt_deltas d
             ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1 ORDER BY d.log"
        );
        let found = self.select(&sql, [document.as_str().into(), dot_list(clock.iter())?.into()])?;
        let mut closure = VectorClock::new();
        found.iter().for_each(|delta| closure.join(&delta.clock));
        if closure != *clock {
            let is =
                |delta: &Recorded, agent, seq| delta.dot().agent.as_str() == agent && delta.dot().seq == seq;
            let unknown =
                clock.iter().find(|(agent, seq)| !found.iter().any(|delta| is(delta, *agent, *seq)));
            let detail = match unknown {
                Some((agent, seq)) => format!("{document} has no {agent}:{seq}"),
                None => "the vector leaves out deltas that its own deltas have seen; `closure` has them"
                    .to_owned(),
            };
            let closure = serde_json::to_value(&closure).unwrap_or_default();
            return Err(Problem::new(Code::UnclosedVersion, detail).with("closure", closure));
        }
        Ok(Version::of(found, false))
    }

    /// The newest delta of each agent up to a log position: one statement, so one moment.
    pub(super) fn newest_until(&self, document: &str, until: u64) -> Result<Vec<Recorded>, Problem> {
        self.select(&newest_sql(), [document.into(), until.into()])
    }

    /// Deltas in the order of their arrival, past log position `after` and up to `until`.
    pub(crate) fn deltas(
        &self,
        document: &str,
        after: u64,
        until: u64,
        limit: u64,
    ) -> Result<Vec<Recorded>, Problem> {
        let sql = format!(
            "SELECT {COLUMNS} FROM crdt_deltas d
             WHERE d.document_id = ?1 AND d.log > ?2 AND d.log <= ?3 ORDER BY d.log LIMIT ?4"
        );
        self.select(&sql, [document.into(), after.into(), until.into(), limit.into()])
    }

    /// As [`Database::deltas`], of those that are not in `since`. Each agent's come from the index by dots, so the cost
    /// is that of the difference.
    pub(crate) fn deltas_since(
        &self,
        document: &str,
        since: &VectorClock,
        after: u64,
        until: u64,
        limit: u64,
    ) -> Result<Vec<Recorded>, Problem> {
        let sql = format!(
            "{AGENTS}
            SELECT {COLUMNS} FROM agents CROSS JOIN crdt_deltas d ON d.document_id = ?1 AND d.agent_id = agents.id
                AND d.seq > COALESCE((SELECT s.value FROM json_each(?2) s WHERE s.key = agents.id), 0)
            WHERE agents.id IS NOT NULL AND +d.log > ?3 AND +d.log <= ?4
            ORDER BY d.log LIMIT ?5"
        );
        let since = serde_json::to_string(since)?;
        self.select(&sql, [document.into(), since.into(), after.into(), until.into(), limit.into()])
    }

    /// Ids of documents that are not deleted, in order, past `after`.
    pub(crate) fn documents(&self, after: &str, limit: u64) -> Result<Vec<String>, Problem> {
        // Skips from document to document through the index, as the walk over agents does.
        let sql = "WITH RECURSIVE documents(name) AS (
                SELECT MIN(document_id) FROM crdt_deltas WHERE document_id > ?1
                UNION ALL
                SELECT (SELECT MIN(n.document_id) FROM crdt_deltas n WHERE n.document_id > documents.name)
                FROM documents WHERE documents.name IS NOT NULL
            )
            SELECT name FROM documents WHERE name IS NOT NULL AND 0 = COALESCE(
                (SELECT deleted FROM crdt_deletions WHERE document_id = name ORDER BY id DESC LIMIT 1), 0) LIMIT ?2";
        let rows = self.0.execute(sql, [after.into(), limit.into()])?;
        rows.into_iter().map(|mut row| row.take_text(0)).collect()
    }
}

/// `CROSS` and `+` keep the planner from the index by log position, through which the walk would cost O(deltas).
fn newest_sql() -> String {
    format!(
        "{AGENTS}
        SELECT {COLUMNS} FROM agents CROSS JOIN crdt_deltas d ON d.document_id = ?1 AND d.agent_id = agents.id
            AND d.seq = (SELECT m.seq FROM crdt_deltas m WHERE m.document_id = ?1 AND m.agent_id = agents.id
                AND +m.log <= ?2 ORDER BY m.seq DESC LIMIT 1)
        WHERE agents.id IS NOT NULL
        ORDER BY d.log"
    )
}

#[cfg(test)]
mod tests {
    use super::newest_sql;
    use crate::store::database::Database;
    use ramanujan_shell::native::fresh_database;

    /// The cost of every write hangs on this plan, and no answer tells when another is taken.
    #[test]
    fn the_newest_deltas_are_found_by_agent_not_by_walking_the_log() {
        let _guard = fresh_database();
        let Database(store) = Database::open().unwrap();
        store.execute("SELECT 1 FROM crdt_deltas", []).unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", newest_sql());
        let plan = store.execute(&sql, ["d".into(), 1u64.into()]).unwrap();
        let steps: Vec<&str> = plan.iter().map(|row| row.text(3).unwrap()).collect();
        assert!(steps.iter().any(|step| step.contains("agent_id=? AND seq=?")), "{steps:?}");
        assert!(!steps.iter().any(|step| step.contains("by_log")), "{steps:?}");
    }
}
