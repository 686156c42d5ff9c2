-- Those that are kept for good, by how many deltas they hold: what lies behind the content in a row is read through it.
CREATE INDEX IF NOT EXISTS crdt_snapshots_kept ON crdt_snapshots (document_id, format, deltas) WHERE ordinal = 0
