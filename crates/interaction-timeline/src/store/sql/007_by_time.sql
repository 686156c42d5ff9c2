CREATE INDEX IF NOT EXISTS timeline_by_time ON timeline_events (timestamp, seq)
