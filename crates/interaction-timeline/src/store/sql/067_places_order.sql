CREATE INDEX IF NOT EXISTS timeline_places_order ON timeline_places (level, total, seq)
