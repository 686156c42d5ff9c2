CREATE TABLE IF NOT EXISTS verify_ids (
    collection TEXT NOT NULL,
    place INTEGER NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (collection, place),
    UNIQUE (collection, id)) WITHOUT ROWID
