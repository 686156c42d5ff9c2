//! What a batch is checked against: the stored deltas it refers to, and those of the batch itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ramanujan_core::{Code, Digest, Dot, Problem, VectorClock};
use ramanujan_crdt::counter::Totals;
use ramanujan_crdt::{CrdtType, Delta, TextGraph};
use ramanujan_shell::Store;

use super::resolve::Resolver;
use crate::row::{COLUMNS, GRAPH_COLUMNS, GraphRow, Stored, past, select, select_graph};
use crate::version::newest_until;

/// A delta that is stored or comes earlier in the batch.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) delta: Delta,
    pub(super) clock: VectorClock,
    pub(super) digest: Digest,
    pub(super) chain: Digest,
    pub(super) size: u64,
    pub(super) totals: Totals,
}

/// The version before a delta.
pub(super) fn past_of(known: &Known) -> VectorClock {
    past(&known.delta.dot, &known.clock)
}

/// What is known of one document.
#[derive(Default)]
pub(super) struct KnownDocument {
    pub(super) crdt_type: Option<CrdtType>,
    pub(super) graph: TextGraph,
    /// The batch's own deltas, in order.
    pub(super) added: Vec<Known>,
    /// The JSON document that the last edit of the batch was made on.
    pub(super) resolver: Option<Resolver>,
    by_dot: HashMap<Dot, Known>,
    by_key: HashMap<String, Dot>,
    /// Newest delta of each agent; only filled where heads or a next seq are asked for.
    newest: BTreeMap<String, Dot>,
}

impl KnownDocument {
    pub(super) fn get(&self, dot: &Dot) -> Option<&Known> {
        self.by_dot.get(dot)
    }

    pub(super) fn by_key(&self, agent: &str, key: &str) -> Option<&Known> {
        self.by_dot.get(self.by_key.get(&format!("{agent} {key}"))?)
    }

    /// Number of deltas of `agent`.
    pub(super) fn last_seq(&self, agent: &str) -> u64 {
        self.newest.get(agent).map_or(0, |dot| dot.seq)
    }

    /// The deltas that none other has seen.
    pub(super) fn heads(&self) -> Vec<Dot> {
        let newest = self.newest.values().filter_map(|dot| Some((dot.clone(), &self.by_dot.get(dot)?.clock)));
        ramanujan_crdt::text::maximal(newest.collect())
    }

    /// Adds a delta of the batch; `graph` already has it.
    pub(super) fn add(&mut self, known: Known) {
        self.crdt_type = Some(known.delta.op.crdt_type());
        if known.delta.op.crdt_type() == CrdtType::Json {
            self.added.push(known.clone());
        }
        self.newest.insert(known.delta.dot.agent.to_string(), known.delta.dot.clone());
        self.by_dot.insert(known.delta.dot.clone(), known);
    }

    /// Takes in stored rows; both lists are in arrival order, which is a causal order.
    fn load(&mut self, rows: Vec<Stored>, tail: Vec<GraphRow>) {
        let mut tail = tail.into_iter().peekable();
        let push = |graph: &mut TextGraph, row: GraphRow| {
            graph.push_stored(&row.dot, &row.parents, row.insert, row.shape, "");
        };
        for row in rows {
            self.crdt_type = Some(row.crdt_type);
            while let Some(earlier) = tail.next_if(|t| t.log < row.log) {
                push(&mut self.graph, earlier);
            }
            if row.crdt_type == CrdtType::Text {
                let insert = matches!(row.op, ramanujan_crdt::Op::Insert { .. });
                self.graph.push_stored(&row.dot, &row.parents, insert, row.shape(), "");
            }
            let known = Known {
                delta: Delta { dot: row.dot.clone(), parents: row.parents, op: row.op },
                clock: row.clock,
                digest: row.digest,
                chain: row.chain,
                size: row.size,
                totals: row.totals,
            };
            self.by_dot.insert(row.dot, known);
        }
        tail.for_each(|row| push(&mut self.graph, row));
    }
}

/// What to fetch of one document.
#[derive(Default)]
pub(super) struct Needed {
    pub(super) dots: BTreeSet<Dot>,
    /// Idempotency keys by agent.
    pub(super) keys: Vec<(String, String)>,
    pub(super) newest: bool,
    /// How many deltas up to the newest one referred to, for finding the fork of parents.
    pub(super) tail: u64,
}

/// Fetches what the operations on one document refer to.
pub(super) fn fetch(store: &Store, document: &str, needed: &Needed) -> Result<KnownDocument, Problem> {
    let mut known = KnownDocument::default();
    let mut rows = Vec::new();
    if !needed.dots.is_empty() {
        let dots: Vec<_> = needed.dots.iter().map(|dot| (dot.agent.as_str(), dot.seq)).collect();
        let sql = format!(
            "SELECT {COLUMNS} FROM json_each(?2) n CROSS JOIN crdt_deltas d
             ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1"
        );
        rows = select(store, &sql, [document.into(), serde_json::json!(dots).to_string().into()])?;
    }
    if needed.newest {
        let newest = newest_until(store, document, u64::MAX)?;
        known.newest = newest.iter().map(|row| (row.dot.agent.to_string(), row.dot.clone())).collect();
        rows.extend(newest);
    }
    for (agent, key) in &needed.keys {
        let sql = format!(
            "SELECT {COLUMNS} FROM crdt_deltas d
             WHERE d.document_id = ?1 AND d.agent_id = ?2 AND d.idempotency_key = ?3"
        );
        for row in select(store, &sql, [document.into(), agent.as_str().into(), key.as_str().into()])? {
            known.by_key.insert(format!("{agent} {key}"), row.dot.clone());
            rows.push(row);
        }
    }
    let mut tail = Vec::new();
    if needed.tail > 0 {
        // The fork lies before the newest parent, wherever the document has got to since.
        let newest_parent = rows.iter().map(|row| row.log).max().unwrap_or(0);
        let sql = format!(
            "SELECT {GRAPH_COLUMNS}, '' FROM crdt_deltas
             WHERE document_id = ?1 AND log <= ?2 AND crdt_type = 'text' ORDER BY log DESC LIMIT ?3"
        );
        tail = select_graph(store, &sql, [document.into(), newest_parent.into(), needed.tail.into()])?;
        tail.reverse();
    }
    rows.sort_by_key(|row| row.log);
    rows.dedup_by_key(|row| row.log);
    known.load(rows, tail);
    if known.crdt_type.is_none() {
        let rows = store
            .execute("SELECT crdt_type FROM crdt_deltas WHERE document_id = ?1 LIMIT 1", [document.into()])?;
        let parse = |row: &ramanujan_shell::Row| {
            row.text(0)?.parse().map_err(|e: String| Problem::new(Code::StoreCorrupt, e))
        };
        known.crdt_type = rows.first().map(parse).transpose()?;
    }
    Ok(known)
}
