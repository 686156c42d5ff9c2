CREATE INDEX IF NOT EXISTS timeline_places_agent ON timeline_places (agent, level, total, seq)
