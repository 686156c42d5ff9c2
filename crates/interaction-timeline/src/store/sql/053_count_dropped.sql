DROP TRIGGER IF EXISTS timeline_count
