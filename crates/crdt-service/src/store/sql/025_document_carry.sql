-- What a counter shows is value + carry * 2^26: exact, whatever it is.
ALTER TABLE crdt_documents ADD COLUMN carry INTEGER NOT NULL DEFAULT 0
