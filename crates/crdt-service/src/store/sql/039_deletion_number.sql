-- How many marks the document has with this one; NULL in rows that are older than the column: those alternate, so counting
-- them tells. Marks that come from other sites may skip numbers.
ALTER TABLE crdt_deletions ADD COLUMN number INTEGER
