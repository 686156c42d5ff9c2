CREATE UNIQUE INDEX IF NOT EXISTS timeline_archived_by_seq ON timeline_archived (seq)
