CREATE INDEX IF NOT EXISTS crdt_deletions_by_document ON crdt_deletions (document_id, id)
