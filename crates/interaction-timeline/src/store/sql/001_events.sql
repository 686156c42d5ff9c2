CREATE TABLE IF NOT EXISTS timeline_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BLOB NOT NULL UNIQUE,
    timestamp INTEGER NOT NULL,
    received INTEGER NOT NULL,
    origin_seq INTEGER NOT NULL,
    agent TEXT NOT NULL,
    type TEXT NOT NULL,
    document TEXT,
    color INTEGER,
    body TEXT NOT NULL)
