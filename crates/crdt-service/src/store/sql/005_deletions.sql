-- The marks of a document are a log of their own; the newest one counts.
CREATE TABLE IF NOT EXISTS crdt_deletions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    marked INTEGER NOT NULL
)
