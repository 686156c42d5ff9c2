-- Covers what is read for the bounds, so that no value is.
CREATE INDEX IF NOT EXISTS crdt_memo_by_use ON crdt_memo (last_used, bytes, created)
