CREATE TABLE IF NOT EXISTS transduction_evidence (
    digest TEXT PRIMARY KEY,
    told_by TEXT,
    evidence TEXT NOT NULL,
    found INTEGER NOT NULL) WITHOUT ROWID
