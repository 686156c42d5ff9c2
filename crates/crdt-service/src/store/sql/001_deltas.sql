-- One row per delta, never updated. size, plus and minus are the document's length and the agent's totals after the delta;
-- chain is the end of the agent's hash chain. log orders the rows by arrival, which is a causal order.
CREATE TABLE IF NOT EXISTS crdt_deltas (
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
)
