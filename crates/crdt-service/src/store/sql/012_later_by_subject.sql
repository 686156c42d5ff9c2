-- One pending task of a kind and subject.
CREATE UNIQUE INDEX IF NOT EXISTS crdt_lazy_by_subject
    ON crdt_lazy (kind, subject) WHERE status = 'pending'
