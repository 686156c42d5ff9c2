-- One at a time.
CREATE UNIQUE INDEX IF NOT EXISTS crdt_withdrawals_open ON crdt_withdrawals (document_id) WHERE ended IS NULL
