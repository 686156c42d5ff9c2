CREATE TABLE IF NOT EXISTS timeline_restored (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    rows TEXT NOT NULL)
