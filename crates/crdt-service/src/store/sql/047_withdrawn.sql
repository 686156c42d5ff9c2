-- Deltas that were taken out, in a causal order. again: the dot under which the same operation comes back.
CREATE TABLE IF NOT EXISTS crdt_withdrawn (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    withdrawal INTEGER NOT NULL,
    document_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    digest BLOB NOT NULL,
    hash BLOB NOT NULL,
    received INTEGER NOT NULL,
    again TEXT NOT NULL,
    canonical BLOB NOT NULL
)
