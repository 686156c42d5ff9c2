CREATE INDEX IF NOT EXISTS timeline_by_agent ON timeline_events (agent, seq)
