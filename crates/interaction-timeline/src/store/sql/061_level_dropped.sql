DROP TRIGGER IF EXISTS timeline_level
