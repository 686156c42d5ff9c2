-- Each freeze has the one before as its parent, so a document's form one chain.
CREATE TABLE IF NOT EXISTS crdt_frozen (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id TEXT NOT NULL,
    snapshot_id BLOB NOT NULL,
    parent BLOB NOT NULL,
    crdt_type TEXT NOT NULL,
    clock TEXT NOT NULL,
    digest BLOB NOT NULL,
    fingerprint TEXT NOT NULL,
    log INTEGER NOT NULL,
    agent_id TEXT,
    frozen INTEGER NOT NULL,
    UNIQUE (document_id, parent),
    UNIQUE (document_id, snapshot_id)
)
