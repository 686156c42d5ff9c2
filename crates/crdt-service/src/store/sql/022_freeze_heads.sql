-- The heads of the version; NULL in rows that are older than the column until the document is touched.
ALTER TABLE crdt_frozen ADD COLUMN heads TEXT
