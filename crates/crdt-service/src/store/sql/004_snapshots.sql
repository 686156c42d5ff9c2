-- A state that holds every delta up to a log position never changes, so document and position name it.
CREATE TABLE IF NOT EXISTS crdt_snapshots (
    id INTEGER PRIMARY KEY,
    document_id TEXT NOT NULL,
    log INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    format INTEGER NOT NULL,
    heads TEXT NOT NULL,
    clock TEXT NOT NULL,
    content BLOB NOT NULL,
    UNIQUE (document_id, log)
)
