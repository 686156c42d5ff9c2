CREATE TABLE IF NOT EXISTS timeline_segments (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    digest BLOB NOT NULL,
    leaves BLOB NOT NULL,
    contents BLOB NOT NULL,
    archived_at INTEGER NOT NULL)
