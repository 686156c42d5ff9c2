CREATE TABLE IF NOT EXISTS timeline_tally (
    type TEXT NOT NULL,
    color INTEGER NOT NULL,
    events INTEGER NOT NULL,
    PRIMARY KEY (type, color)) WITHOUT ROWID
