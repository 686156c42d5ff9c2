CREATE TRIGGER IF NOT EXISTS timeline_counted AFTER INSERT ON timeline_events WHEN new.id IS NULL BEGIN
    INSERT INTO timeline_origins VALUES (new.agent, 1, new.origin_seq)
        ON CONFLICT (agent) DO UPDATE SET events = events + 1, last = MAX(last, excluded.last);
    INSERT INTO timeline_tally VALUES (new.type, COALESCE(new.color, 2), 1)
        ON CONFLICT (type, color) DO UPDATE SET events = events + 1;
END
