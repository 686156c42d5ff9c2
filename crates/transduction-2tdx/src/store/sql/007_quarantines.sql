CREATE TABLE IF NOT EXISTS transduction_quarantines (
    site TEXT NOT NULL,
    document TEXT NOT NULL,
    agent TEXT NOT NULL,
    first INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (site, document, agent)) WITHOUT ROWID
