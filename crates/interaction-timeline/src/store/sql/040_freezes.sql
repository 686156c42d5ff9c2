CREATE TABLE IF NOT EXISTS timeline_freezes (
    name TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    created INTEGER NOT NULL,
    chain_head BLOB NOT NULL,
    root BLOB NOT NULL,
    missing INTEGER NOT NULL,
    backwards INTEGER NOT NULL,
    violations TEXT NOT NULL)
