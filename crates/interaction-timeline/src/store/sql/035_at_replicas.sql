CREATE TABLE IF NOT EXISTS timeline_at_replicas (
    document TEXT NOT NULL,
    agent TEXT NOT NULL,
    size INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (document, agent, size)) WITHOUT ROWID
