-- Its newest delta then.
ALTER TABLE crdt_documents ADD COLUMN measured_log INTEGER NOT NULL DEFAULT 0
