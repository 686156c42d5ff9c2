DROP VIEW IF EXISTS timeline_known
