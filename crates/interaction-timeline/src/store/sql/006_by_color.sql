CREATE INDEX IF NOT EXISTS timeline_by_color ON timeline_events (color, seq) WHERE color IS NOT NULL
