DROP TABLE IF EXISTS timeline_seen
