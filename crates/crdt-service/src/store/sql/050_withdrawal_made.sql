-- Takes deltas out of a document with all that follows from them, at once. What only saves time, and may have them in it, goes.
CREATE TRIGGER IF NOT EXISTS crdt_withdrawal_made AFTER INSERT ON crdt_withdrawals BEGIN
    INSERT INTO crdt_withdrawn (withdrawal, document_id, agent_id, seq, digest, hash, received, again, canonical)
        SELECT new.id, d.document_id, d.agent_id, d.seq, d.digest, d.hash, d.received, r.value->>3, unhex(r.value->>2)
        FROM json_each(new.rows) r CROSS JOIN crdt_deltas d
        ON d.document_id = new.document_id AND d.agent_id = r.value->>0 AND d.seq = r.value->>1
        ORDER BY d.log;
    UPDATE crdt_withdrawals SET rows = '', freezes = (
        SELECT json_group_array(lower(hex(f.snapshot_id))) FROM crdt_freezes f
        WHERE f.document_id = new.document_id AND EXISTS (
            SELECT 1 FROM json_each(f.heads) h WHERE h.value IN (
                SELECT w.agent_id || ':' || w.seq FROM crdt_withdrawn w WHERE w.withdrawal = new.id)))
        WHERE id = new.id;
    DELETE FROM crdt_freezes WHERE document_id = new.document_id AND lower(hex(snapshot_id)) IN (
        SELECT f.value FROM crdt_withdrawals w, json_each(w.freezes) f WHERE w.id = new.id);
    DELETE FROM crdt_deltas WHERE log IN (
        SELECT d.log FROM crdt_withdrawn w CROSS JOIN crdt_deltas d
        ON d.document_id = new.document_id AND d.agent_id = w.agent_id AND d.seq = w.seq WHERE w.withdrawal = new.id);
    DELETE FROM crdt_agents WHERE document_id = new.document_id AND agent_id IN (
        SELECT w.agent_id FROM crdt_withdrawn w WHERE w.withdrawal = new.id);
    INSERT INTO crdt_agents
        SELECT d.document_id, d.agent_id, d.seq, d.plus, d.minus, d.log
        FROM (SELECT agent_id, MIN(seq) AS seq FROM crdt_withdrawn WHERE withdrawal = new.id GROUP BY agent_id) w
        CROSS JOIN crdt_deltas d
        ON d.document_id = new.document_id AND d.agent_id = w.agent_id AND d.seq = w.seq - 1;
    DELETE FROM crdt_heads WHERE document_id = new.document_id;
    INSERT INTO crdt_heads
        SELECT d.document_id, d.agent_id || ':' || d.seq, d.agent_id, d.seq, d.hash FROM crdt_deltas d
        WHERE d.document_id = new.document_id AND d.agent_id || ':' || d.seq NOT IN (
            SELECT p.value FROM crdt_deltas c, json_each(c.parents) p WHERE c.document_id = new.document_id);
    UPDATE crdt_documents SET
        operations = (SELECT COUNT(*) FROM crdt_deltas d WHERE d.document_id = new.document_id),
        agents = (SELECT COUNT(*) FROM crdt_agents a WHERE a.document_id = new.document_id),
        value = COALESCE((SELECT SUM((a.plus - a.minus) & 67108863) FROM crdt_agents a
            WHERE a.document_id = new.document_id), 0),
        carry = COALESCE((SELECT SUM((a.plus - a.minus) >> 26) FROM crdt_agents a
            WHERE a.document_id = new.document_id), 0),
        written = COALESCE((SELECT SUM(d.weight) FROM crdt_deltas d WHERE d.document_id = new.document_id), 0),
        measured = NULL, measured_at = 0, measured_log = 0
        WHERE document_id = new.document_id;
    UPDATE crdt_documents SET (size, log, received) = (
            SELECT d.size, d.log, d.received FROM crdt_deltas d
            WHERE d.document_id = new.document_id ORDER BY d.log DESC LIMIT 1)
        WHERE document_id = new.document_id AND operations > 0;
    UPDATE crdt_totals SET documents = documents - 1
        WHERE EXISTS (SELECT 1 FROM crdt_documents WHERE document_id = new.document_id AND operations = 0);
    DELETE FROM crdt_documents WHERE document_id = new.document_id AND operations = 0;
    DELETE FROM crdt_snapshots WHERE document_id = new.document_id AND log >= new.low;
    DELETE FROM crdt_outlines WHERE document_id = new.document_id;
    DELETE FROM crdt_folds;
END
