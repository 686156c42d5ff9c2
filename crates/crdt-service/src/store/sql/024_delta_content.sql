-- The value of a delta, in place of value, which has it in rows that are older than this column. A value may take many
-- pages, and SQLite reads through all of them to a column that comes after it: so this is the last one, and those that
-- come later belong into a table of their own.
ALTER TABLE crdt_deltas ADD COLUMN content TEXT
