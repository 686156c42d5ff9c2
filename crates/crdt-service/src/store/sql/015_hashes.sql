-- Commits to the delta and to all that it was made after; NULL in rows that are older than the column.
ALTER TABLE crdt_deltas ADD COLUMN hash BLOB
