CREATE TRIGGER IF NOT EXISTS timeline_checkpointing AFTER INSERT ON timeline_checkpoints BEGIN
    INSERT INTO timeline_at_types (type, color, size, events)
    SELECT c.type, c.color, new.size, c.events + COALESCE((
        SELECT p.events FROM timeline_at_types AS p
        WHERE p.type = c.type AND p.color = c.color AND p.size <= new.previous ORDER BY p.size DESC LIMIT 1), 0)
    FROM (SELECT type, COALESCE(color, 2) AS color, COUNT(*) AS events FROM timeline_events NOT INDEXED
          WHERE seq > new.previous AND seq <= new.size GROUP BY 1, 2) AS c;

    INSERT INTO timeline_at_origins (agent, size, events, last, head_seq, head_id, head_time)
    SELECT c.agent, new.size, c.events + COALESCE(p.events, 0),
           iif(p.last > c.last, p.last, c.last), iif(p.last > c.last, p.head_seq, c.head_seq),
           iif(p.last > c.last, p.head_id, c.head_id), iif(p.last > c.last, p.head_time, c.head_time)
    FROM (SELECT agent, COUNT(*) AS events, MAX(origin_seq) AS last, seq AS head_seq, COALESCE(id, event_id) AS head_id,
                 timestamp AS head_time
          FROM timeline_events NOT INDEXED WHERE seq > new.previous AND seq <= new.size GROUP BY agent) AS c
    LEFT JOIN timeline_at_origins AS p ON p.agent = c.agent AND p.size = (
        SELECT MAX(size) FROM timeline_at_origins WHERE agent = c.agent AND size <= new.previous);

    INSERT INTO timeline_at_documents (document, size, events)
    SELECT c.document, new.size, c.events + COALESCE((
        SELECT p.events FROM timeline_at_documents AS p
        WHERE p.document = c.document AND p.size <= new.previous ORDER BY p.size DESC LIMIT 1), 0)
    FROM (SELECT document, COUNT(*) AS events FROM timeline_events NOT INDEXED
          WHERE seq > new.previous AND seq <= new.size AND document IS NOT NULL GROUP BY document) AS c;

    INSERT INTO timeline_at_replicas (document, agent, size, seq, fingerprint)
    SELECT document, agent, new.size, MAX(seq), fingerprint
    FROM (SELECT document, agent, seq, body ->> '$.fingerprint' AS fingerprint FROM timeline_events NOT INDEXED
          WHERE seq > new.previous AND seq <= new.size AND document IS NOT NULL AND instr(body, '"fingerprint":'))
    WHERE fingerprint IS NOT NULL GROUP BY document, agent;

    INSERT OR IGNORE INTO timeline_missing (seq, cause, event_id)
    SELECT e.seq, unhex(d.value), COALESCE(e.id, e.event_id)
    FROM timeline_events AS e NOT INDEXED CROSS JOIN json_each(e.body, '$.depends_on') AS d
    WHERE e.seq > new.previous AND e.seq <= new.size AND instr(e.body, '"depends_on":')
      AND NOT EXISTS (
        SELECT 1 FROM timeline_events AS k WHERE k.seq IN (
            SELECT seq FROM timeline_ids_new WHERE key = substr(unhex(d.value), 1, 6)
            UNION ALL SELECT seq FROM timeline_ids_mid WHERE key = substr(unhex(d.value), 1, 6)
            UNION ALL SELECT seq FROM timeline_ids WHERE key = substr(unhex(d.value), 1, 6)
            UNION ALL SELECT seq FROM timeline_ids_odd WHERE id = unhex(d.value)
            UNION ALL SELECT seq FROM timeline_events WHERE event_id = unhex(d.value))
          AND COALESCE(k.id, k.event_id) = unhex(d.value) AND k.seq <= new.size)
      AND NOT EXISTS (
        SELECT 1 FROM timeline_archived AS k WHERE k.event_id = unhex(d.value) AND k.seq <= new.size);

    INSERT OR IGNORE INTO timeline_backwards
        (seq, before_seq, agent, before_number, number, before_time, time)
    SELECT seq, before_seq, agent, before_number, origin_seq, before_time, timestamp
    FROM (SELECT seq, agent, timestamp, origin_seq, lag(seq) OVER own AS before_seq,
                 lag(timestamp) OVER own AS before_time, lag(origin_seq) OVER own AS before_number
          FROM timeline_events NOT INDEXED WHERE seq > new.previous AND seq <= new.size
          WINDOW own AS (PARTITION BY agent ORDER BY origin_seq))
    WHERE before_time > timestamp;

    INSERT OR IGNORE INTO timeline_backwards
        (seq, before_seq, agent, before_number, number, before_time, time)
    SELECT c.seq, p.head_seq, c.agent, p.last, c.origin_seq, p.head_time, c.timestamp
    FROM (SELECT seq, agent, timestamp, origin_seq, lag(origin_seq) OVER own AS low
          FROM timeline_events NOT INDEXED WHERE seq > new.previous AND seq <= new.size
          WINDOW own AS (PARTITION BY agent ORDER BY origin_seq)) AS c
    CROSS JOIN timeline_at_origins AS p ON p.agent = c.agent AND p.size = (
        SELECT MAX(size) FROM timeline_at_origins WHERE agent = c.agent AND size <= new.previous)
    WHERE p.last < c.origin_seq AND (c.low IS NULL OR c.low < p.last) AND p.head_time > c.timestamp;

    INSERT OR IGNORE INTO timeline_backwards
        (seq, before_seq, agent, before_number, number, before_time, time)
    SELECT iif(number < origin_seq, seq, near), iif(number < origin_seq, near, seq), agent,
           MIN(number, origin_seq), MAX(number, origin_seq),
           iif(number < origin_seq, time, timestamp), iif(number < origin_seq, timestamp, time)
    FROM (SELECT c.seq AS seq, c.agent AS agent, c.timestamp AS timestamp, c.origin_seq AS origin_seq,
                 near.value AS near, COALESCE(e.origin_seq, a.origin_seq) AS number,
                 COALESCE(e.timestamp, a.timestamp) AS time
          FROM (SELECT seq, agent, timestamp, origin_seq, lag(origin_seq) OVER own AS low,
                       lead(origin_seq) OVER own AS high
                FROM timeline_events NOT INDEXED WHERE seq > new.previous AND seq <= new.size
                WINDOW own AS (PARTITION BY agent ORDER BY origin_seq)) AS c
          CROSS JOIN timeline_at_origins AS p ON p.agent = c.agent AND p.size = (
              SELECT MAX(size) FROM timeline_at_origins WHERE agent = c.agent AND size <= new.previous)
          CROSS JOIN json_each(json_array(
              (SELECT seq FROM (
                  SELECT * FROM (
                      SELECT seq, origin_seq FROM timeline_events INDEXED BY timeline_by_origin
                      WHERE agent = c.agent AND origin_seq > COALESCE(c.low, 0) AND origin_seq < c.origin_seq
                        AND seq <= new.previous ORDER BY origin_seq DESC LIMIT 1)
                  UNION ALL
                  SELECT * FROM (
                      SELECT seq, origin_seq FROM timeline_archived INDEXED BY timeline_archived_by_origin
                      WHERE agent = c.agent AND origin_seq > COALESCE(c.low, 0) AND origin_seq < c.origin_seq
                        AND seq <= new.previous ORDER BY origin_seq DESC LIMIT 1))
               ORDER BY origin_seq DESC LIMIT 1),
              (SELECT seq FROM (
                  SELECT * FROM (
                      SELECT seq, origin_seq FROM timeline_events INDEXED BY timeline_by_origin
                      WHERE agent = c.agent AND origin_seq > c.origin_seq
                        AND origin_seq <= MIN(p.last, COALESCE(c.high - 1, p.last))
                        AND seq <= new.previous ORDER BY origin_seq LIMIT 1)
                  UNION ALL
                  SELECT * FROM (
                      SELECT seq, origin_seq FROM timeline_archived INDEXED BY timeline_archived_by_origin
                      WHERE agent = c.agent AND origin_seq > c.origin_seq
                        AND origin_seq <= MIN(p.last, COALESCE(c.high - 1, p.last))
                        AND seq <= new.previous ORDER BY origin_seq LIMIT 1))
               ORDER BY origin_seq LIMIT 1))) AS near
          LEFT JOIN timeline_events AS e ON e.seq = near.value
          LEFT JOIN timeline_archived AS a ON a.seq = near.value
          WHERE c.origin_seq < p.last)
    WHERE (number < origin_seq AND time > timestamp) OR (number > origin_seq AND time < timestamp);
END
