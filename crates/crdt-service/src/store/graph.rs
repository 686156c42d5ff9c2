//! The graph of a document's deltas as the store has it: links between deltas, without what they do.

use std::collections::BTreeSet;

use ramanujan_core::{AgentId, Digest, Dot, Problem, VectorClock};
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::ancestry::{Ancestry, NeedsHistory};
use ramanujan_crdt::counter::Totals;
use ramanujan_shell::{Row, Value};

use super::database::Database;
use super::rows::{bad, dot_list, read_clock, read_parents};

/// First number of deltas that are read back from a place, at least; it grows fourfold while that does not suffice.
pub(super) const FIRST_TAIL: u64 = 64;

const LINK_COLUMNS: &str =
    "d.log, d.agent_id, d.seq, d.parents, d.hash, d.whole, d.size, d.received, d.crdt_type, d.clock";

/// A delta without what it does.
pub(super) struct Link {
    pub(super) log: u64,
    pub(super) dot: Dot,
    pub(super) parents: Vec<Dot>,
    pub(super) hash: Digest,
    pub(super) whole: bool,
    pub(super) size: u64,
    pub(super) received: u64,
    pub(super) crdt_type: CrdtType,
    /// The version after it, if it is kept.
    pub(super) clock: Option<VectorClock>,
}

fn read(row: &Row) -> Result<Link, Problem> {
    let agent: AgentId = row.text(1)?.parse().map_err(|_| bad("agent_id"))?;
    let dot = Dot::new(agent, row.uint(2)?);
    Ok(Link {
        log: row.uint(0)?,
        parents: read_parents(&dot, row.text(3)?)?,
        dot,
        hash: Digest(row.blob(4)?.try_into().map_err(|_| bad("hash"))?),
        whole: row.uint(5)? == 1,
        size: row.uint(6)?,
        received: row.uint(7)?,
        crdt_type: row.text(8)?.parse().map_err(|_| bad("crdt_type"))?,
        clock: read_clock(row.text(9)?)?,
    })
}

/// The newest delta of an agent in a version, and its totals with it.
pub(super) struct Newest {
    pub(super) agent: AgentId,
    pub(super) seq: u64,
    pub(super) totals: Totals,
}

impl Database {
    fn links(&self, sql: &str, params: impl Into<Vec<Value>>) -> Result<Vec<Link>, Problem> {
        self.0.execute(sql, params)?.iter().map(read).collect()
    }

    /// Those of these deltas that are stored, the newest last.
    pub(super) fn links_of(&self, document: &str, dots: &[Dot]) -> Result<Vec<Link>, Problem> {
        let sql = format!(
            "SELECT {LINK_COLUMNS} FROM json_each(?2) n CROSS JOIN crdt_deltas d
             ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1 ORDER BY d.log"
        );
        let dots = dot_list(dots.iter().map(|dot| (dot.agent.as_str(), dot.seq)))?;
        self.links(&sql, [document.into(), dots.into()])
    }

    /// Up to `limit` deltas before log position `below`, the newest first.
    fn links_below(&self, document: &str, below: u64, limit: u64) -> Result<Vec<Link>, Problem> {
        let sql = format!(
            "SELECT {LINK_COLUMNS} FROM crdt_deltas d
             WHERE d.document_id = ?1 AND d.log < ?2 ORDER BY d.log DESC LIMIT ?3"
        );
        self.links(&sql, [document.into(), below.into(), limit.into()])
    }

    /// The deltas that a clock counts, by log position.
    pub(super) fn links_until(&self, document: &str, clock: &VectorClock) -> Result<Vec<Link>, Problem> {
        let sql = format!(
            "SELECT {LINK_COLUMNS} FROM json_each(?2) n CROSS JOIN crdt_deltas d
             ON d.document_id = ?1 AND d.agent_id = n.key AND d.seq <= n.value ORDER BY d.log"
        );
        self.links(&sql, [document.into(), serde_json::to_string(clock)?.into()])
    }

    /// The heads of all deltas before log position `below`, in no order. Looks back to the newest delta that was made
    /// after all before it.
    pub(super) fn heads_below(&self, document: &str, mut below: u64) -> Result<Vec<Link>, Problem> {
        let mut heads = Vec::new();
        let mut parents: BTreeSet<Dot> = BTreeSet::new();
        let mut limit = 1;
        loop {
            let page = self.links_below(document, below, limit)?;
            let read = page.len() as u64;
            for link in page {
                let (is_whole, is_head) = (link.whole, !parents.contains(&link.dot));
                below = link.log;
                if is_whole && !is_head {
                    return Ok(heads);
                }
                parents.extend(link.parents.iter().cloned());
                if is_head {
                    heads.push(link);
                }
                if is_whole {
                    return Ok(heads);
                }
            }
            if read < limit {
                return Ok(heads);
            }
            limit = (limit * 4).max(FIRST_TAIL);
        }
    }

    /// Asks the graph of the deltas before log position `below`, as far back as the question leads.
    pub(super) fn walk<T>(
        &self,
        document: &str,
        below: u64,
        ask: impl Fn(&Ancestry) -> Result<T, NeedsHistory>,
    ) -> Result<T, Problem> {
        let mut limit = FIRST_TAIL;
        loop {
            let (ancestry, all) = self.ancestry(document, below, limit)?;
            match ask(&ancestry) {
                Ok(answer) => return Ok(answer),
                Err(error) if all => return Err(crate::content::corrupt(document, error)),
                Err(NeedsHistory) => limit *= 4,
            }
        }
    }

    /// The graph of up to `limit` deltas before log position `below`, and whether these are all.
    pub(super) fn ancestry(
        &self,
        document: &str,
        below: u64,
        limit: u64,
    ) -> Result<(Ancestry, bool), Problem> {
        let tail = self.links_below(document, below, limit)?;
        let all = (tail.len() as u64) < limit;
        let mut ancestry = if all { Ancestry::from_the_first() } else { Ancestry::new() };
        tail.iter().rev().for_each(|link| ancestry.push(&link.dot, &link.parents, link.whole));
        Ok((ancestry, all))
    }

    /// The newest delta of each agent up to a log position, in the order of the agents: one statement, so one moment.
    pub(super) fn newest_until(&self, document: &str, until: u64) -> Result<Vec<Newest>, Problem> {
        self.0.execute(NEWEST, [document.into(), until.into()])?.iter().map(read_newest).collect()
    }

    /// What each agent of a counter had added and taken away in a version that a clock names.
    pub(super) fn newest_at(&self, document: &str, clock: &VectorClock) -> Result<Vec<Newest>, Problem> {
        let sql = "SELECT d.agent_id, d.seq, d.plus, d.minus FROM json_each(?2) n CROSS JOIN crdt_deltas d
             ON d.document_id = ?1 AND d.agent_id = n.key AND d.seq = n.value";
        let params = [document.into(), serde_json::to_string(clock)?.into()];
        self.0.execute(sql, params)?.iter().map(read_newest).collect()
    }
}

fn read_newest(row: &Row) -> Result<Newest, Problem> {
    Ok(Newest {
        agent: row.text(0)?.parse().map_err(|_| bad("agent_id"))?,
        seq: row.uint(1)?,
        totals: Totals { p: row.uint(2)?, n: row.uint(3)? },
    })
}

/// `CROSS` and `+` keep the planner from the index by log position, through which the walk would cost O(deltas).
const NEWEST: &str = "
    SELECT d.agent_id, d.seq, d.plus, d.minus FROM crdt_agents a CROSS JOIN crdt_deltas d
        ON d.document_id = ?1 AND d.agent_id = a.agent_id
        AND d.seq = (SELECT m.seq FROM crdt_deltas m WHERE m.document_id = ?1 AND m.agent_id = a.agent_id
            AND m.seq <= a.seq AND +m.log <= ?2 ORDER BY m.seq DESC LIMIT 1)
    WHERE a.document_id = ?1
    ORDER BY a.agent_id";

#[cfg(test)]
mod tests {
    use super::NEWEST;
    use crate::store::database::Database;
    use ramanujan_shell::native::fresh_database;

    /// No answer tells when another plan is taken.
    #[test]
    fn the_newest_deltas_are_found_by_agent_not_by_walking_the_log() {
        let _guard = fresh_database();
        let Database(store) = Database::open().unwrap();
        store.execute("SELECT 1 FROM crdt_deltas", []).unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {NEWEST}");
        let plan = store.execute(&sql, ["d".into(), 1u64.into()]).unwrap();
        let steps: Vec<&str> = plan.iter().map(|row| row.text(3).unwrap()).collect();
        assert!(steps.iter().any(|step| step.contains("agent_id=? AND seq=?")), "{steps:?}");
        assert!(!steps.iter().any(|step| step.contains("by_log")), "{steps:?}");
    }
}
