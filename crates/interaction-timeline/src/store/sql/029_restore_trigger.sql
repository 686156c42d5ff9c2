CREATE TRIGGER IF NOT EXISTS timeline_restore AFTER INSERT ON timeline_restored BEGIN
    DELETE FROM timeline_archived WHERE seq BETWEEN new.first AND new.last;
    DELETE FROM timeline_segments WHERE first = new.first;
    INSERT INTO timeline_events
            (seq, event_id, timestamp, received, origin_seq, agent, type, document, color, body)
        SELECT value ->> 'seq', unhex(value ->> 'event_id'), value ->> 'timestamp', value ->> 'received',
               value ->> 'origin_seq', value ->> 'agent', value ->> 'type', value ->> 'document',
               value ->> 'color', value ->> 'body'
        FROM json_each(new.rows);
    UPDATE timeline_origins SET events = events - (
            SELECT COUNT(*) FROM timeline_events AS e
            WHERE e.seq BETWEEN new.first AND new.last AND e.agent = timeline_origins.agent)
        WHERE agent IN (SELECT agent FROM timeline_events WHERE seq BETWEEN new.first AND new.last);
    UPDATE timeline_tally SET events = events - (
            SELECT COUNT(*) FROM timeline_events AS e
            WHERE e.seq BETWEEN new.first AND new.last
              AND e.type = timeline_tally.type AND COALESCE(e.color, 2) = timeline_tally.color)
        WHERE type IN (SELECT type FROM timeline_events WHERE seq BETWEEN new.first AND new.last);
    DELETE FROM timeline_restored;
END
