ALTER TABLE timeline_events ADD COLUMN id BLOB
