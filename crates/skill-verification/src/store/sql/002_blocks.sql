CREATE TABLE IF NOT EXISTS verify_blocks (
    id INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    first INTEGER NOT NULL,
    vectors INTEGER NOT NULL,
    digest BLOB NOT NULL,
    ids TEXT,
    norms BLOB NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (collection, digest),
    UNIQUE (collection, first))
