CREATE TRIGGER IF NOT EXISTS timeline_add INSTEAD OF INSERT ON timeline_adding BEGIN
    INSERT INTO timeline_events
        (seq, event_id, id, timestamp, received, origin_seq, agent, type, document, color, body)
    SELECT new.first + i, new.first + i, substr(new.ids, 1 + 32 * i, 32), timestamp, new.received,
           iif(number > 0, number,
               COALESCE((SELECT o.last FROM timeline_origins AS o WHERE o.agent = i.agent), 0) - number),
           agent, type, document, color, CAST(substr(new.bodies, 1 + start, length) AS TEXT)
    FROM (SELECT key AS i, value ->> 0 AS timestamp, value ->> 1 AS agent, value ->> 2 AS type,
                 value ->> 3 AS document, value ->> 4 AS color, value ->> 5 AS number, value ->> 6 AS start,
                 value ->> 7 AS length
          FROM json_each(new.rows)) AS i;
    INSERT INTO timeline_origins
        SELECT agent, COUNT(*), MAX(origin_seq) FROM timeline_events NOT INDEXED WHERE seq >= new.first GROUP BY agent
        ON CONFLICT (agent) DO UPDATE SET events = events + excluded.events, last = MAX(last, excluded.last);
    INSERT INTO timeline_tally
        SELECT type, COALESCE(color, 2), COUNT(*) FROM timeline_events NOT INDEXED WHERE seq >= new.first GROUP BY 1, 2
        ON CONFLICT (type, color) DO UPDATE SET events = events + excluded.events;
    INSERT INTO timeline_ids_new
        SELECT substr(id, 1, 6), seq FROM timeline_events NOT INDEXED
        WHERE seq >= new.first AND seq - new.first NOT IN (SELECT value FROM json_each(new.odd));
    INSERT INTO timeline_ids_odd
        SELECT id, seq FROM timeline_events WHERE seq IN (SELECT new.first + value FROM json_each(new.odd));
END
