-- 1: it was made after every delta of the document that was stored before it, so nobody need look further back.
ALTER TABLE crdt_deltas ADD COLUMN whole INTEGER NOT NULL DEFAULT 0
