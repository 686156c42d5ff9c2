CREATE TABLE IF NOT EXISTS timeline_places (
    seq INTEGER PRIMARY KEY,
    level INTEGER NOT NULL,
    total INTEGER NOT NULL,
    own INTEGER NOT NULL,
    agent TEXT NOT NULL,
    document TEXT NOT NULL,
    number INTEGER,
    raised INTEGER NOT NULL DEFAULT 0)
