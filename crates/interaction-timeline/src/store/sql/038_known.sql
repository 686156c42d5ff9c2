CREATE VIEW IF NOT EXISTS timeline_known (event_id, seq) AS
    SELECT event_id, seq FROM timeline_events UNION ALL SELECT event_id, seq FROM timeline_archived
