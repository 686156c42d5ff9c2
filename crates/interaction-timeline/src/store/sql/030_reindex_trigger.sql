CREATE TRIGGER IF NOT EXISTS timeline_reindex AFTER DELETE ON timeline_segments BEGIN
    DELETE FROM timeline_causal;
    DELETE FROM timeline_edges;
    DELETE FROM timeline_seen;
    DELETE FROM timeline_late;
END
