CREATE TABLE IF NOT EXISTS timeline_backwards (
    seq INTEGER NOT NULL,
    before_seq INTEGER NOT NULL,
    agent TEXT NOT NULL,
    before_number INTEGER NOT NULL,
    number INTEGER NOT NULL,
    before_time INTEGER NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (seq, before_seq)) WITHOUT ROWID
