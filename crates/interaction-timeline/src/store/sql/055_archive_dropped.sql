DROP TRIGGER IF EXISTS timeline_archive
