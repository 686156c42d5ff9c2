CREATE TRIGGER IF NOT EXISTS timeline_place INSTEAD OF INSERT ON timeline_placing BEGIN
    INSERT INTO timeline_places (seq, level, total, own, agent, document, number)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
        FROM json_each(new.places);
    INSERT OR IGNORE INTO timeline_links SELECT value ->> 0, value ->> 1 FROM json_each(new.links);
    INSERT OR IGNORE INTO timeline_awaited SELECT unhex(value ->> 0), value ->> 1 FROM json_each(new.awaited);
    DELETE FROM timeline_awaited WHERE cause IN (SELECT unhex(value) FROM json_each(new.arrived));
    INSERT INTO timeline_heard
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(new.heard) WHERE TRUE
        ON CONFLICT DO UPDATE SET most = excluded.most WHERE most < excluded.most;
    INSERT OR IGNORE INTO timeline_unsettled SELECT value FROM json_each(new.late);
END
