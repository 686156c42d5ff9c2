CREATE INDEX IF NOT EXISTS crdt_withdrawn_by_withdrawal ON crdt_withdrawn (withdrawal, id)
