-- How many bytes it held when written was measured_at; it holds measured + written - measured_at at most. NULL: nobody
-- has measured it, and it has rows that have no weight.
ALTER TABLE crdt_documents ADD COLUMN measured INTEGER
