CREATE TRIGGER IF NOT EXISTS crdt_delta_stored AFTER INSERT ON crdt_deltas BEGIN
    INSERT INTO crdt_documents
        VALUES (new.document_id, new.crdt_type, 1, 1, new.plus - new.minus, new.size, new.log, new.received)
        ON CONFLICT (document_id) DO UPDATE SET
            operations = operations + 1,
            agents = agents + (new.seq = 1),
            value = value + new.plus - new.minus - COALESCE(
                (SELECT plus - minus FROM crdt_agents
                WHERE document_id = new.document_id AND agent_id = new.agent_id), 0),
            size = excluded.size, log = excluded.log, received = excluded.received;
    INSERT INTO crdt_agents VALUES (new.document_id, new.agent_id, new.seq, new.plus, new.minus, new.log)
        ON CONFLICT (document_id, agent_id) DO UPDATE SET
            seq = excluded.seq, plus = excluded.plus, minus = excluded.minus, log = excluded.log;
    DELETE FROM crdt_heads
        WHERE document_id = new.document_id AND dot IN (SELECT p.value FROM json_each(new.parents) p);
    INSERT INTO crdt_heads
        VALUES (new.document_id, new.agent_id || ':' || new.seq, new.agent_id, new.seq, new.hash);
END
