CREATE TRIGGER IF NOT EXISTS timeline_level AFTER INSERT ON timeline_causal BEGIN
    INSERT OR IGNORE INTO timeline_edges
        SELECT unhex(d.value), new.seq FROM timeline_events AS e, json_each(e.body, '$.depends_on') AS d
        WHERE e.seq = new.seq;
    UPDATE timeline_causal SET level = (SELECT MAX(n.total, COALESCE(n.number, 0), 1 + MAX(
        COALESCE((SELECT MAX(c.level) FROM json_each(e.body, '$.depends_on') AS d
                  JOIN timeline_events AS x ON x.event_id = unhex(d.value)
                  JOIN timeline_causal AS c ON c.seq = x.seq WHERE c.seq <> n.seq), 0),
        COALESCE((SELECT c.level FROM timeline_causal AS c
                  WHERE c.number IS NOT NULL AND c.agent = n.agent AND c.number < n.number
                  ORDER BY c.number DESC LIMIT 1), 0),
        COALESCE((SELECT MAX((SELECT c.level FROM timeline_causal AS c
                              WHERE c.total > 0 AND c.document = n.document AND c.agent = k.key AND c.own <= k.value
                                AND (c.agent <> n.agent OR c.own < n.own OR c.total < n.total)
                              ORDER BY c.own DESC, c.total LIMIT 1))
                  FROM json_each(e.body, '$.vector_clock') AS k), 0)))
     FROM timeline_causal AS n JOIN timeline_events AS e ON e.seq = n.seq WHERE n.seq = new.seq) WHERE seq = new.seq;
    INSERT OR IGNORE INTO timeline_late SELECT new.seq WHERE
        EXISTS (SELECT 1 FROM timeline_edges WHERE cause = (SELECT event_id FROM timeline_events WHERE seq = new.seq))
        OR EXISTS (SELECT 1 FROM timeline_causal AS c
                   WHERE c.number IS NOT NULL AND c.agent = new.agent AND c.number > new.number)
        OR (new.own > 0
            AND EXISTS (SELECT 1 FROM timeline_seen WHERE document = new.document AND agent = new.agent AND most >= new.own)
            AND NOT EXISTS (SELECT 1 FROM timeline_causal AS c WHERE c.total > 0 AND c.document = new.document
                            AND c.agent = new.agent AND c.own = new.own AND c.total <= new.total AND c.seq <> new.seq));
    INSERT INTO timeline_seen
        SELECT new.document, k.key, k.value FROM timeline_events AS e, json_each(e.body, '$.vector_clock') AS k
        WHERE e.seq = new.seq
        UNION ALL SELECT new.document, new.agent, 0 WHERE new.total > 0
        ON CONFLICT DO UPDATE SET most = excluded.most WHERE most < excluded.most;
END
