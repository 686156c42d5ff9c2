-- The sum of the weights of its deltas.
ALTER TABLE crdt_documents ADD COLUMN written INTEGER NOT NULL DEFAULT 0
