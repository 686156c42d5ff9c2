CREATE TRIGGER IF NOT EXISTS timeline_replace AFTER DELETE ON timeline_segments BEGIN
    DELETE FROM timeline_places;
    DELETE FROM timeline_links;
    DELETE FROM timeline_awaited;
    DELETE FROM timeline_heard;
    DELETE FROM timeline_unsettled;
END
