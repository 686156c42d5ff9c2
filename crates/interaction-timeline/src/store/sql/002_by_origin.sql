CREATE UNIQUE INDEX IF NOT EXISTS timeline_by_origin ON timeline_events (agent, origin_seq)
