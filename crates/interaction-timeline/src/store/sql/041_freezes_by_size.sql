CREATE INDEX IF NOT EXISTS timeline_freezes_by_size ON timeline_freezes (size, name)
