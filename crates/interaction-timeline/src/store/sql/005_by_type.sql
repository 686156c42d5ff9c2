CREATE INDEX IF NOT EXISTS timeline_by_type ON timeline_events (type, seq)
