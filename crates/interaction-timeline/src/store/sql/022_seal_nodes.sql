ALTER TABLE timeline_seals ADD COLUMN nodes BLOB
