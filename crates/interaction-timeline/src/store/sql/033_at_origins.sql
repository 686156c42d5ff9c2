CREATE TABLE IF NOT EXISTS timeline_at_origins (
    agent TEXT NOT NULL,
    size INTEGER NOT NULL,
    events INTEGER NOT NULL,
    last INTEGER NOT NULL,
    head_seq INTEGER NOT NULL,
    head_id BLOB NOT NULL,
    head_time INTEGER NOT NULL,
    PRIMARY KEY (agent, size)) WITHOUT ROWID
