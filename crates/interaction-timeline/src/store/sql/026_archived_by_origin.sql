CREATE UNIQUE INDEX IF NOT EXISTS timeline_archived_by_origin ON timeline_archived (agent, origin_seq)
