CREATE TABLE IF NOT EXISTS timeline_missing (
    seq INTEGER NOT NULL,
    cause BLOB NOT NULL,
    event_id BLOB NOT NULL,
    PRIMARY KEY (seq, cause)) WITHOUT ROWID
