CREATE TRIGGER IF NOT EXISTS crdt_delta_outlined AFTER INSERT ON crdt_deltas WHEN new.crdt_type = 'text' BEGIN
    INSERT INTO crdt_outlines VALUES (
        new.document_id,
        COALESCE(
            (SELECT CASE WHEN o.deltas < 32 THEN o.first END FROM crdt_outlines o
            WHERE o.document_id = new.document_id ORDER BY o.first DESC LIMIT 1), new.log),
        1,
        new.log || ' ' || new.agent_id || ' ' || new.seq || CASE new.operation WHEN 'insert' THEN ' i ' ELSE ' d ' END
            || COALESCE(new.position, 0) || ' ' || new.length || ' ' || new.size || ' ' || new.whole || ' '
            || CASE WHEN new.parents = '["' || new.agent_id || ':' || (new.seq - 1) || '"]' THEN ''
                WHEN octet_length(new.parents) > 1024 THEN '*' ELSE new.parents END || ' '
            || CASE WHEN new.operation <> 'insert' THEN '' WHEN octet_length(COALESCE(new.content, new.value)) > 200 THEN '*'
                ELSE json_quote(COALESCE(new.content, new.value)) END || char(10))
        ON CONFLICT (document_id, first) DO UPDATE SET deltas = deltas + 1, lines = lines || excluded.lines;
END
