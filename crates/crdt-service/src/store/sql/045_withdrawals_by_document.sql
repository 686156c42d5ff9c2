CREATE INDEX IF NOT EXISTS crdt_withdrawals_by_document ON crdt_withdrawals (document_id, id)
