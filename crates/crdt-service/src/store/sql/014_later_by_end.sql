-- Covers what is added up before finished tasks are removed.
CREATE INDEX IF NOT EXISTS crdt_lazy_by_end ON crdt_lazy (completed, bytes) WHERE completed IS NOT NULL
