-- Sums of what two sites compare (crates/sync, fold): of each document its leaf, at level 16, and of the documents whose
-- places begin with the same 4 * level bits their number and the sum of their leaves. place is the first of those places
-- with its first bit turned over, so that it orders as a signed number. The row at level -1 has in place of a sum the
-- position in the feed up to which the others hold.
CREATE TABLE IF NOT EXISTS crdt_folds (
    level INTEGER NOT NULL,
    place INTEGER NOT NULL,
    document_id TEXT NOT NULL,
    documents INTEGER NOT NULL,
    sum BLOB NOT NULL,
    PRIMARY KEY (level, place, document_id)
) WITHOUT ROWID
