-- In place of crdt_frozen, in which a freeze could be the parent of one other only: sites freeze at the same time. id orders
-- them by arrival. sealed: snapshot_id follows from the row; NULL where nobody has looked.
CREATE TABLE IF NOT EXISTS crdt_freezes (
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
    heads TEXT,
    sealed INTEGER,
    UNIQUE (document_id, snapshot_id)
)
