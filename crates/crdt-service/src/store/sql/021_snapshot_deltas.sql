-- How many deltas the state holds; NULL in rows that are older than the column, which are passed over.
ALTER TABLE crdt_snapshots ADD COLUMN deltas INTEGER
