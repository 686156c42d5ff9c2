//! Reading what the operations on one document refer to.

use ramanujan_core::{Problem, VectorClock};
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::counter::Totals;

use super::database::Database;
use super::graph::FIRST_TAIL;
use super::rows::{COLUMNS, PARENT_COLUMNS, bad, dot_list};
use crate::apply::known::{Found, Last, Needed};

impl Database {
    pub(super) fn referred(&self, document: &str, needed: &Needed) -> Result<Found, Problem> {
        let mut found = Found::default();
        // Before the heads: what an agent writes meanwhile is among the heads then, and its number is taken.
        let sql = "SELECT d.crdt_type, a.agent_id, a.seq, a.plus, a.minus, a.log, w.times
             FROM (SELECT COUNT(*) AS times FROM crdt_withdrawals WHERE document_id = ?1) w
             LEFT JOIN crdt_documents d ON d.document_id = ?1
             LEFT JOIN crdt_agents a ON a.document_id = d.document_id AND a.agent_id IN (SELECT value FROM json_each(?2))";
        let read = || self.0.execute(sql, [document.into(), serde_json::to_string(&needed.agents)?.into()]);
        let mut rows = read()?;
        if rows.iter().all(|row| row.is_null(0)) && self.upgrade(document)? {
            rows = read()?;
        }
        found.withdrawals = rows.first().map_or(Ok(0), |row| row.uint(6))?;
        rows.retain(|row| !row.is_null(0));
        for row in rows {
            found.crdt_type = Some(row.text(0)?.parse().map_err(|_| bad("crdt_type"))?);
            if !row.is_null(1) {
                let totals = Totals { p: row.uint(3)?, n: row.uint(4)? };
                let last = Last { seq: row.uint(2)?, totals, log: row.uint(5)? };
                found.agents.insert(row.text(1)?.to_owned(), last);
            }
        }
        if !needed.dots.is_empty() {
            let sql = format!(
                "SELECT {COLUMNS} FROM json_each(?2) n CROSS JOIN crdt_deltas d
                 ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1"
            );
            let dots = dot_list(needed.dots.iter().map(|dot| (dot.agent.as_str(), dot.seq)))?;
            found.deltas = self.select(&sql, [document.into(), dots.into()])?;
        }
        if !needed.parents.is_empty() {
            let sql = format!(
                "SELECT {PARENT_COLUMNS} FROM json_each(?2) n CROSS JOIN crdt_deltas d
                 ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1"
            );
            let dots = dot_list(needed.parents.iter().map(|dot| (dot.agent.as_str(), dot.seq)))?;
            found.parents = self.select_parents(&sql, [document.into(), dots.into()])?;
        }
        if needed.heads {
            let sql = format!(
                "SELECT {PARENT_COLUMNS} FROM crdt_heads h CROSS JOIN crdt_deltas d
                 ON d.document_id = ?1 AND d.agent_id = h.agent_id AND d.seq = h.seq WHERE h.document_id = ?1"
            );
            let heads = self.select_parents(&sql, [document.into()])?;
            found.heads = Some(heads.iter().map(|head| head.outline.dot.clone()).collect());
            found.parents.extend(heads);
        }
        for (agent, key) in &needed.keys {
            let sql = format!(
                "SELECT {COLUMNS} FROM crdt_deltas d
                 WHERE d.document_id = ?1 AND d.agent_id = ?2 AND d.idempotency_key = ?3"
            );
            for delta in self.select(&sql, [document.into(), agent.as_str().into(), key.as_str().into()])? {
                found.by_key.push((agent.clone(), key.clone(), delta.dot().clone()));
                found.deltas.push(delta);
            }
        }
        if let Some(least) = tail_for(needed, &found) {
            // What is asked for lies before the newest parent, wherever the document has got to since.
            let parents = found.parents.iter().map(|delta| delta.outline.log);
            let newest_parent = parents.chain(found.deltas.iter().map(|delta| delta.log)).max().unwrap_or(0);
            let tail = self.tail(document, newest_parent, least)?;
            (found.tail, found.is_all) = (tail.outlines, tail.is_all);
        }
        Ok(found)
    }
}

/// How many of the newest deltas are to be read, if any: at first what lies between the parents and their fork, as far as
/// that is known.
fn tail_for(needed: &Needed, found: &Found) -> Option<u64> {
    // The position in a text depends on what lies between the heads and their fork.
    let of_heads =
        found.crdt_type == Some(CrdtType::Text) && found.heads.as_ref().is_some_and(|heads| heads.len() > 1);
    let steps = needed.steps_back.max(u32::from(of_heads)).checked_sub(1)?;
    let first = concurrent(found).unwrap_or(0).max(FIRST_TAIL);
    Some(first.saturating_mul(4u64.saturating_pow(steps)))
}

/// How many deltas some of the parents have seen and others have not; unknown if the version after one of them is not kept.
/// The fork lies a little further back than so many deltas: others that are concurrent come between them.
fn concurrent(found: &Found) -> Option<u64> {
    let clocks: Option<Vec<&VectorClock>> =
        found.parents.iter().map(|parent| parent.clock.as_ref()).collect();
    let clocks = clocks?;
    let mut all = VectorClock::new();
    clocks.iter().for_each(|clock| all.join(clock));
    let seen_by_all = |agent: &str| clocks.iter().map(|clock| clock.get(agent)).min().unwrap_or(0);
    let between: u64 = all.iter().map(|(agent, seq)| seq - seen_by_all(agent)).sum();
    Some(between + between / 4 + 8)
}
