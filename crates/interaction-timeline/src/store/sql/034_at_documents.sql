CREATE TABLE IF NOT EXISTS timeline_at_documents (
    document TEXT NOT NULL,
    size INTEGER NOT NULL,
    events INTEGER NOT NULL,
    PRIMARY KEY (document, size)) WITHOUT ROWID
