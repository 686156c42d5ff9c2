CREATE TRIGGER IF NOT EXISTS orchestrator_message_stored
    AFTER INSERT ON orchestrator_messages
    BEGIN
        UPDATE orchestrator_agents SET vector_clock = (
            SELECT json_group_object(key, seq) FROM (
                SELECT key, MAX(value) AS seq FROM (
                    SELECT key, value FROM json_each(orchestrator_agents.vector_clock)
                    UNION ALL SELECT key, value FROM json_each(NEW.vector_clock)
                ) GROUP BY key ORDER BY key))
        WHERE agent_id = NEW.sender_id AND NEW.vector_clock <> '{}';
        UPDATE orchestrator_agents SET
            last_heartbeat = MAX(COALESCE(last_heartbeat, 0), NEW.received_at)
        WHERE agent_id = NEW.sender_id AND NEW.msg_type = 'Heartbeat';
        UPDATE orchestrator_messages SET acknowledged_at = NEW.received_at, payload = NULL
        WHERE NEW.acks IS NOT NULL AND receiver_id = NEW.sender_id AND acknowledged_at IS NULL
            AND message_id IN (SELECT value FROM json_each(NEW.acks));
        INSERT INTO orchestrator_outbox (type, agent_id, token, at, event)
        VALUES (NEW.event_type, COALESCE(NEW.receiver_id, NEW.sender_id), NEW.message_id || ' ' || NEW.digest,
            NEW.received_at,
            json_object('operation', NEW.msg_type, 'from', NEW.sender_id, 'to', NEW.receiver_id,
                'vector_clock', json(NEW.vector_clock), 'payload_size', NEW.payload_size));
    END
