CREATE INDEX IF NOT EXISTS crdt_deltas_by_log ON crdt_deltas (document_id, log)
