-- In place of crdt_delta_stored: while both are there, the second of them finds the head that the first has made, and
-- nothing is stored. One value is all that an lww-register holds, and what saw all before it all that an mv-register does.
CREATE TRIGGER IF NOT EXISTS crdt_delta_taken AFTER INSERT ON crdt_deltas BEGIN
    INSERT INTO crdt_documents
        (document_id, crdt_type, operations, agents, value, size, log, received, carry, written, measured)
        VALUES (new.document_id, new.crdt_type, 1, 1, (new.plus - new.minus) & 67108863, new.size, new.log,
            new.received, (new.plus - new.minus) >> 26, new.weight, 0)
        ON CONFLICT (document_id) DO UPDATE SET
            operations = operations + 1,
            agents = agents + (new.seq = 1),
            value = (value + new.plus - new.minus - COALESCE(
                (SELECT plus - minus FROM crdt_agents
                WHERE document_id = new.document_id AND agent_id = new.agent_id), 0)) & 67108863,
            carry = carry + ((value + new.plus - new.minus - COALESCE(
                (SELECT plus - minus FROM crdt_agents
                WHERE document_id = new.document_id AND agent_id = new.agent_id), 0)) >> 26),
            size = excluded.size, log = excluded.log, received = excluded.received,
            written = written + excluded.written,
            measured = CASE WHEN new.crdt_type = 'lww-register' OR new.whole AND new.crdt_type = 'mv-register'
                THEN 0 ELSE measured END,
            measured_at = CASE WHEN new.crdt_type = 'lww-register' OR new.whole AND new.crdt_type = 'mv-register'
                THEN written ELSE measured_at END;
    INSERT INTO crdt_agents VALUES (new.document_id, new.agent_id, new.seq, new.plus, new.minus, new.log)
        ON CONFLICT (document_id, agent_id) DO UPDATE SET
            seq = excluded.seq, plus = excluded.plus, minus = excluded.minus, log = excluded.log;
    DELETE FROM crdt_heads
        WHERE document_id = new.document_id AND dot IN (SELECT p.value FROM json_each(new.parents) p);
    INSERT INTO crdt_heads
        VALUES (new.document_id, new.agent_id || ':' || new.seq, new.agent_id, new.seq, new.hash);
END
