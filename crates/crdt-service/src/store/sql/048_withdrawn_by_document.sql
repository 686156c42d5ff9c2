CREATE INDEX IF NOT EXISTS crdt_withdrawn_by_document ON crdt_withdrawn (document_id, id)
