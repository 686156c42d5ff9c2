CREATE TABLE IF NOT EXISTS transduction_log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    kind TEXT NOT NULL,
    site TEXT,
    document TEXT,
    digest TEXT NOT NULL,
    detail TEXT NOT NULL)
