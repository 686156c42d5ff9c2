CREATE TABLE IF NOT EXISTS timeline_secret (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    secret BLOB NOT NULL)
