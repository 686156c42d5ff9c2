CREATE TRIGGER IF NOT EXISTS timeline_archiving AFTER INSERT ON timeline_segments BEGIN
    INSERT INTO timeline_archived (event_id, seq, agent, origin_seq, timestamp, content)
        SELECT COALESCE(id, event_id), seq, agent, origin_seq, timestamp,
               substr(new.contents, 1 + 32 * (seq - new.first), 32)
        FROM timeline_events WHERE seq BETWEEN new.first AND new.last;
    DELETE FROM timeline_events WHERE seq BETWEEN new.first AND new.last;
END
