//! The table of deltas and reading its rows.

use ramanujan_core::{AgentId, Code, Digest, Dot, Problem, VectorClock, time};
use ramanujan_crdt::counter::Totals;
use ramanujan_crdt::text::StoredShape;
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_crdt::{CrdtType, Delta, Edit, Op};
use ramanujan_shell::{Row, Schema, Store, Value};

/// One row per delta, never updated. `size` and `plus`/`minus` are the document's length and the agent's totals after
/// the delta; `chain` is the agent's hash chain. `log` orders the rows by arrival, which is a causal order.
pub(crate) const SCHEMA: Schema = Schema {
    name: "crdt",
    statements: &[
        "CREATE TABLE IF NOT EXISTS crdt_deltas (
            log INTEGER PRIMARY KEY AUTOINCREMENT,
            document_id TEXT NOT NULL,
            agent_id TEXT NOT NULL,
            seq INTEGER NOT NULL,
            crdt_type TEXT NOT NULL,
            operation TEXT NOT NULL,
            position INTEGER,
            length INTEGER NOT NULL,
            value TEXT,
            size INTEGER NOT NULL,
            plus INTEGER NOT NULL,
            minus INTEGER NOT NULL,
            parents TEXT NOT NULL,
            clock TEXT NOT NULL,
            digest BLOB NOT NULL,
            chain BLOB NOT NULL,
            idempotency_key TEXT,
            received INTEGER NOT NULL,
            UNIQUE (document_id, agent_id, seq)
        )",
        "CREATE INDEX IF NOT EXISTS crdt_deltas_by_log ON crdt_deltas (document_id, log)",
        "CREATE UNIQUE INDEX IF NOT EXISTS crdt_deltas_by_key
            ON crdt_deltas (document_id, agent_id, idempotency_key) WHERE idempotency_key IS NOT NULL",
        crate::snapshot::TABLE,
        crate::deleted::TABLE,
        crate::deleted::INDEX,
        crate::freeze::TABLE,
        crate::memo::COUNTERS,
        crate::memo::TIER2,
        crate::memo::TIER2_BY_USE,
        crate::memo::LAZY,
        crate::memo::LAZY_BY_SUBJECT,
        crate::memo::LAZY_BY_TURN,
        crate::memo::LAZY_BY_END,
    ],
};

/// The columns of [`Stored`], in order, of the table under the alias `d`.
pub(crate) const COLUMNS: &str = "d.log, d.agent_id, d.seq, d.crdt_type, d.operation, d.position, d.length, \
     d.value, d.size, d.plus, d.minus, d.parents, d.clock, d.digest, d.chain, d.received";

/// Names the agents of document `?1` as `agents(id)`, the last one NULL. The walk skips from agent to agent through the
/// index by dots, so it costs O(agents · log deltas).
pub(crate) const AGENTS: &str = "WITH RECURSIVE agents(id) AS (
    SELECT MIN(agent_id) FROM crdt_deltas WHERE document_id = ?1
    UNION ALL
    SELECT (SELECT MIN(n.agent_id) FROM crdt_deltas n WHERE n.document_id = ?1 AND n.agent_id > agents.id)
    FROM agents WHERE agents.id IS NOT NULL
)";

/// A stored delta.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) log: u64,
    pub(crate) dot: Dot,
    pub(crate) crdt_type: CrdtType,
    pub(crate) op: Op,
    /// Code points inserted or deleted, 0 for counters.
    pub(crate) length: u64,
    /// Code points of the document afterwards.
    pub(crate) size: u64,
    pub(crate) totals: Totals,
    pub(crate) parents: Vec<Dot>,
    pub(crate) clock: VectorClock,
    pub(crate) digest: Digest,
    pub(crate) chain: Digest,
    pub(crate) received: u64,
}

impl Stored {
    pub(crate) fn read(mut row: Row) -> Result<Self, Problem> {
        let corrupt =
            |what: &str| Problem::new(Code::StoreCorrupt, format!("a stored delta has a bad {what}"));
        let agent: AgentId = row.text(1)?.parse().map_err(|_| corrupt("agent_id"))?;
        let value = if row.is_null(7) { String::new() } else { row.take_text(7)? };
        let (plus, minus) = (row.uint(9)?, row.uint(10)?);
        let length = row.uint(6)?;
        let crdt_type: CrdtType = row.text(3)?.parse().map_err(|_| corrupt("crdt_type"))?;
        let position = if row.is_null(5) { 0 } else { row.uint(5)? };
        let op =
            read_op(crdt_type, row.text(4)?, position, length, value).ok_or_else(|| corrupt("operation"))?;
        Ok(Stored {
            log: row.uint(0)?,
            dot: Dot::new(agent, row.uint(2)?),
            crdt_type,
            op,
            length,
            size: row.uint(8)?,
            totals: Totals { p: plus, n: minus },
            parents: serde_json::from_str(row.text(11)?).map_err(|_| corrupt("parents"))?,
            clock: serde_json::from_str(row.text(12)?).map_err(|_| corrupt("clock"))?,
            digest: Digest(row.blob(13)?.try_into().map_err(|_| corrupt("digest"))?),
            chain: Digest(row.blob(14)?.try_into().map_err(|_| corrupt("chain"))?),
            received: row.uint(15)?,
        })
    }

    /// The version before the delta.
    pub(crate) fn past(&self) -> VectorClock {
        past(&self.dot, &self.clock)
    }

    pub(crate) fn shape(&self) -> StoredShape {
        let position = match self.op {
            Op::Insert { position, .. } | Op::Delete { position, .. } => position,
            _ => 0,
        };
        StoredShape { position, length: self.length, size: self.size }
    }

    pub(crate) fn into_delta(self) -> Delta {
        Delta { dot: self.dot, parents: self.parents, op: self.op }
    }

    pub(crate) fn into_record(self) -> DeltaRecord {
        let (size, log, received) = (self.size, self.log, self.received);
        let (digest, clock, crdt_type) = (self.digest, self.clock.clone(), self.crdt_type);
        DeltaRecord {
            digest: Some(digest),
            vector_clock: Some(clock),
            document_length: (crdt_type == CrdtType::Text).then_some(size),
            log_position: Some(log),
            received_at: Some(time::format_rfc3339(received)),
            ..DeltaRecord::of(self.into_delta())
        }
    }
}

/// The clock before a delta, from the one after it.
pub(crate) fn past(dot: &Dot, clock: &VectorClock) -> VectorClock {
    let before = |(agent, seq)| (agent, if agent == dot.agent.as_str() { dot.seq - 1 } else { seq });
    clock.iter().map(before).collect()
}

/// The operation that a row's columns hold: text as it is, amounts in decimal, everything else as JSON.
fn read_op(crdt_type: CrdtType, name: &str, position: u64, length: u64, value: String) -> Option<Op> {
    let op = match (crdt_type, name) {
        (CrdtType::Text, "insert") => Op::Insert { position, text: value },
        (CrdtType::Text, "delete") => Op::Delete { position, length },
        (CrdtType::PnCounter, "increment") => Op::Increment { amount: value.parse().ok()? },
        (CrdtType::PnCounter, "decrement") => Op::Decrement { amount: value.parse().ok()? },
        (CrdtType::GCounter, "increment") => Op::Grow { amount: value.parse().ok()? },
        (CrdtType::OrSet, "add") => Op::Add { element: serde_json::from_str(&value).ok()? },
        (CrdtType::OrSet, "remove") => Op::Remove { element: serde_json::from_str(&value).ok()? },
        (CrdtType::LwwRegister, "set") => Op::SetLast { value: serde_json::from_str(&value).ok()? },
        (CrdtType::MvRegister, "set") => Op::SetEach { value: serde_json::from_str(&value).ok()? },
        (CrdtType::TapState, "transition") => Op::Transition { to: value.parse().ok()? },
        (CrdtType::Json, _) => {
            let edit: Edit = serde_json::from_str(&value).ok()?;
            return (edit.name() == name).then_some(Op::Edit(edit));
        }
        _ => return None,
    };
    Some(op)
}

/// The columns `position`, `length` and `value` of an operation.
pub(crate) fn columns(op: &Op) -> Result<(Option<u64>, u64, Option<String>), Problem> {
    let json = |json: serde_json::Result<String>| {
        json.map(|text| (None, 0, Some(text))).map_err(|e| Problem::new(Code::Encoding, e.to_string()))
    };
    match op {
        Op::Insert { position, text } => {
            Ok((Some(*position), text.chars().count() as u64, Some(text.clone())))
        }
        Op::Delete { position, length } => Ok((Some(*position), *length, None)),
        Op::Increment { amount } | Op::Decrement { amount } | Op::Grow { amount } => {
            Ok((None, 0, Some(amount.to_string())))
        }
        Op::Transition { to } => Ok((None, 0, Some(to.to_string()))),
        Op::Add { element: value }
        | Op::Remove { element: value }
        | Op::SetLast { value }
        | Op::SetEach { value } => json(serde_json::to_string(value)),
        Op::Edit(edit) => json(serde_json::to_string(edit)),
    }
}

/// Runs a query that selects [`COLUMNS`].
pub(crate) fn select(
    store: &Store,
    sql: &str,
    params: impl Into<Vec<Value>>,
) -> Result<Vec<Stored>, Problem> {
    store.execute(sql, params)?.into_iter().map(Stored::read).collect()
}

/// What the text graph needs of a row, without clock, digest and chain: half the cost of reading [`Stored`].
pub(crate) struct GraphRow {
    pub(crate) log: u64,
    pub(crate) dot: Dot,
    pub(crate) parents: Vec<Dot>,
    pub(crate) insert: bool,
    pub(crate) shape: StoredShape,
    /// The inserted text, if the query asked for it.
    pub(crate) text: String,
}

/// The columns of [`GraphRow`] but the last, which is `value` or a stand-in.
pub(crate) const GRAPH_COLUMNS: &str = "log, agent_id, seq, operation, position, length, size, parents";

/// Runs a query that selects [`GRAPH_COLUMNS`] and a text.
pub(crate) fn select_graph(
    store: &Store,
    sql: &str,
    params: impl Into<Vec<Value>>,
) -> Result<Vec<GraphRow>, Problem> {
    let corrupt = |what: &str| Problem::new(Code::StoreCorrupt, format!("a stored delta has a bad {what}"));
    let mut previous: Option<Dot> = None;
    let read = |mut row: Row| {
        let agent = row.text(1)?;
        // Runs of one agent are the rule; its id is then checked once.
        let agent = match &previous {
            Some(dot) if dot.agent.as_str() == agent => dot.agent.clone(),
            _ => agent.parse().map_err(|_| corrupt("agent_id"))?,
        };
        let dot = Dot::new(agent, row.uint(2)?);
        let parents = row.text(7)?;
        // Nearly every delta follows its agent's last, so that case is recognised without reading JSON.
        let own = Dot::new(dot.agent.clone(), dot.seq.saturating_sub(1));
        let parents = if parents == format!("[\"{own}\"]") {
            vec![own]
        } else {
            serde_json::from_str(parents).map_err(|_| corrupt("parents"))?
        };
        let insert = row.text(3)? == "insert";
        let shape = StoredShape { position: row.uint(4)?, length: row.uint(5)?, size: row.uint(6)? };
        let text = if insert { row.take_text(8)? } else { String::new() };
        previous = Some(dot.clone());
        Ok(GraphRow { log: row.uint(0)?, dot, parents, insert, shape, text })
    };
    store.execute(sql, params)?.into_iter().map(read).collect()
}
