DROP TRIGGER IF EXISTS timeline_reindex
