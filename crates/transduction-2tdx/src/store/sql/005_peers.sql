CREATE TABLE IF NOT EXISTS transduction_peers (
    name TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    direction TEXT NOT NULL,
    grants TEXT NOT NULL,
    documents TEXT NOT NULL,
    added INTEGER NOT NULL) WITHOUT ROWID
