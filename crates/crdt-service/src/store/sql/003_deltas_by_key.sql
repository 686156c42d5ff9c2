CREATE UNIQUE INDEX IF NOT EXISTS crdt_deltas_by_key
    ON crdt_deltas (document_id, agent_id, idempotency_key) WHERE idempotency_key IS NOT NULL
