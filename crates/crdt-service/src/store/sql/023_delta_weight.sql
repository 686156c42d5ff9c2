-- What the document grows by at most, in bytes: 0 of what takes away. 0 in rows that are older than the column, too: what
-- those hold is measured.
ALTER TABLE crdt_deltas ADD COLUMN weight INTEGER NOT NULL DEFAULT 0
