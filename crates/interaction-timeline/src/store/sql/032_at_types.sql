CREATE TABLE IF NOT EXISTS timeline_at_types (
    type TEXT NOT NULL,
    color INTEGER NOT NULL,
    size INTEGER NOT NULL,
    events INTEGER NOT NULL,
    PRIMARY KEY (type, color, size)) WITHOUT ROWID
