CREATE TABLE IF NOT EXISTS timeline_seals (
    size INTEGER PRIMARY KEY,
    chain_head BLOB NOT NULL,
    root BLOB NOT NULL,
    peaks BLOB NOT NULL,
    tags BLOB NOT NULL,
    sealed_at INTEGER NOT NULL)
