CREATE TABLE IF NOT EXISTS verify_votes (
    subject TEXT NOT NULL,
    key TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (subject, key)) WITHOUT ROWID
