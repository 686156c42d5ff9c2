CREATE TABLE IF NOT EXISTS timeline_archived (
    event_id BLOB PRIMARY KEY,
    seq INTEGER NOT NULL,
    agent TEXT NOT NULL,
    origin_seq INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    content BLOB NOT NULL) WITHOUT ROWID
