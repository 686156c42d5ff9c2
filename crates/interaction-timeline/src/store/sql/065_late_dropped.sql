DROP TABLE IF EXISTS timeline_late
