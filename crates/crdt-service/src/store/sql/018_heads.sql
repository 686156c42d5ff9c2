-- The deltas that no other has for a parent.
CREATE TABLE IF NOT EXISTS crdt_heads (
    document_id TEXT NOT NULL,
    dot TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (document_id, dot)
) WITHOUT ROWID
